"""Make the site of ``asv publish`` fetch nothing from elsewhere: its libraries are put beside it.

They come from their npm packages, by ``npm pack``, once; later calls take them from ``.asv/vendor`` and need no network.

python asv_bench/offline.py [SITE]     default: .asv/html
"""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE / ".asv" / "vendor"

# Last part of the address -> package, file in it, and where the site keeps it.
ASSETS = {
    "jquery-3.3.1.min.js": ("jquery@3.3.1", "dist/jquery.min.js"),
    "jquery.flot.min.js": ("flot@0.8.3", "jquery.flot.js"),
    "jquery.flot.time.min.js": ("flot@0.8.3", "jquery.flot.time.js"),
    "jquery.flot.selection.min.js": ("flot@0.8.3", "jquery.flot.selection.js"),
    "jquery.flot.categories.min.js": ("flot@0.8.3", "jquery.flot.categories.js"),
    "jquery.flot.orderBars.js": ("flot-orderbars@1.0.0", "js/jquery.flot.orderBars.js"),
    "stupidtable.min.js": ("stupid-table-plugin@1.1.3", "stupidtable.min.js"),
    "md5.min.js": ("blueimp-md5@2.19.0", "js/md5.min.js"),
    "bootstrap.min.js": ("bootstrap@3.1.1", "dist/js/bootstrap.min.js"),
    "bootstrap.min.css": ("bootstrap@3.1.1", "dist/css/bootstrap.min.css"),
}
FONTS = [f"dist/fonts/glyphicons-halflings-regular.{kind}" for kind in ("eot", "svg", "ttf", "woff")]
FETCHED = re.compile(r'(<(?:script|link)\b[^>]*?\b(?:src|href)=")(https?://[^"]+)("[^>]*>)')
CHECKS = re.compile(r' (?:integrity|crossorigin|referrerpolicy)="[^"]*"')


def package(spec):
    """The package's archive, fetched where it is not kept."""
    name, version = spec.split("@")
    path = CACHE / f"{name}-{version}.tgz"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", spec], cwd=CACHE, check=True, stdout=subprocess.DEVNULL)
    return path


def put(spec, member, site):
    """Copy a file of a package below the site; return its address there."""
    target = site / "vendor" / spec.split("@")[0] / member.removeprefix("dist/")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(package(spec)) as archive:
        target.write_bytes(archive.extractfile(f"package/{member}").read())
    return target.relative_to(site).as_posix()


def main(site):
    page = site / "index.html"

    def replaced(found):
        before, address, after = found.groups()
        name = address.rsplit("/", 1)[1]
        if name not in ASSETS:
            sys.exit(f"{page} fetches {address}, which is new: name its npm package in ASSETS")
        return before + put(*ASSETS[name], site) + CHECKS.sub("", after)

    text, count = FETCHED.subn(replaced, page.read_text())
    for font in FONTS:
        put("bootstrap@3.1.1", font, site)
    page.write_text(text)
    print(f"{count} files are now below {site / 'vendor'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / ".asv" / "html")
