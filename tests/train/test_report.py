from xdl.train import Report, Result


def test_latest_is_the_last_value_of_everything():
    report = Report(2, None, None, {"step_loss": [], "loss": [2.0, 1.0]})
    assert report.latest == {"loss": 1.0}


def test_a_result_is_printed_without_its_history():
    result = Result(None, None, {"loss": [1.0] * 1000}, "completed", "1000 epochs done", 1000)
    assert "1.0" not in repr(result)
    assert "1000 epochs done" in repr(result)
