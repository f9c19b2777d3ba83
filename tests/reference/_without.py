"""Operators without an adapter, and why."""

__all__ = ["WITHOUT"]

REASONS = {
    "a function of the array API standard, the library's own and tested by the standard's suite": """
        ArgMax ArgMin BitCast BitShift CastLike Clip Compress ConstantOfShape CumProd CumSum Det Expand EyeLike
        GatherElements IsInf Max Mean Min Mod NonZero Range ReduceLogSum Scatter ScatterElements ScatterND Shape Size
        Slice Split Sum Tile Trilu Unique""",
    "an update rule, which follows its paper and is compared with PyTorch and optax": "Adagrad Adam Momentum",
    "random numbers of the reference": "Bernoulli",
    "quantized numbers": """
        ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear""",
    "control flow, sequences and optional values": """
        If Loop OptionalGetElement OptionalHasElement Scan SequenceInsert SequenceMap SplitToSequence""",
    "strings": "RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer",
    "trees, tables and files": "ArrayFeatureExtractor Binarizer ImageDecoder LabelEncoder TreeEnsemble",
    "signals": "BlackmanWindow DFT HammingWindow HannWindow MelWeightMatrix STFT",
    "tables of any cosines and sines, where xdl takes positions and a base": "RotaryEmbedding",
    "no function of xdl computes it": """
        CausalConvWithState CenterCropPad DeformConv Erf FlexAttention Hardmax LRN LinearAttention LpNormalization
        MaxUnpool NonMaxSuppression RoiAlign TensorScatter""",
}
WITHOUT = {name: reason for reason, names in REASONS.items() for name in names.split()}
