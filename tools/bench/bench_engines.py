"""The engines. Each makes a function that runs all sequences once and returns their numbers."""
import json
import statistics
import subprocess
import time

from bench_weights import THREADS, WEIGHTS


def padded(rows):
    import numpy as np
    longest = max(len(ids) for ids, _ in rows)
    ids, mask, types = (np.zeros((len(rows), longest), dtype=np.int64) for _ in range(3))
    for index, (row_ids, row_types) in enumerate(rows):
        ids[index, :len(row_ids)] = row_ids
        types[index, :len(row_ids)] = row_types
        mask[index, :len(row_ids)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def onnx_runner(file, rows, batch, by_length):
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0])) if by_length else list(range(len(rows)))
    batches = [order[at:at + batch] for at in range(0, len(order), batch)]
    feeds = [padded([rows[i] for i in chosen]) for chosen in batches]

    def run():
        answers = [None] * len(rows)
        for chosen, feed in zip(batches, feeds):
            out = session.run(None, feed)[0]
            if out.ndim == 3:  # hidden states: the mean over the tokens that are there, at length 1
                mask = feed["attention_mask"][:, :, None]
                out = (out * mask).sum(1) / mask.sum(1)
                out /= np.linalg.norm(out, axis=1, keepdims=True)
            for place, index in enumerate(chosen):
                answers[index] = out[place]
        return np.array(answers)

    return run


def torch_runner(folder, rows, batch, head):
    import numpy as np
    import torch
    from transformers import BertForSequenceClassification, BertModel
    torch.set_num_threads(THREADS)
    model = (BertForSequenceClassification if head else BertModel).from_pretrained(folder).eval()
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))

    def run():
        answers = [None] * len(rows)
        with torch.inference_mode():
            for at in range(0, len(order), batch):
                chosen = order[at:at + batch]
                feed = {name: torch.from_numpy(values) for name, values in padded([rows[i] for i in chosen]).items()}
                if head:
                    out = model(**feed).logits
                else:
                    hidden, mask = model(**feed).last_hidden_state, feed["attention_mask"][:, :, None]
                    out = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))
                for place, index in enumerate(chosen):
                    answers[index] = out[place].numpy()
        return np.array(answers)

    return run


def ctranslate2_runner(folder, rows, batch, compute_type):
    import ctranslate2
    import numpy as np
    converted = WEIGHTS / "ctranslate2"
    if not converted.exists():
        ctranslate2.converters.TransformersConverter(str(folder)).convert(str(converted))
    encoder = ctranslate2.Encoder(str(converted), inter_threads=1, intra_threads=THREADS, compute_type=compute_type)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))

    def run():
        answers = [None] * len(rows)
        for at in range(0, len(order), batch):
            chosen = order[at:at + batch]
            hidden = np.array(encoder.forward_batch([rows[i][0] for i in chosen]).last_hidden_state)
            for place, index in enumerate(chosen):
                mean = hidden[place, :len(rows[index][0])].mean(0)
                answers[index] = mean / np.linalg.norm(mean)
        return np.array(answers)

    return run


class Attune:
    """Runs `attune bench` once a round; it repeats inside, after a first run that does not count."""

    def __init__(self, program, arguments, numbers):
        self.command = [str(program), "bench", *arguments, "--threads", str(THREADS), "--repeat", "3", "--no-check",
                        "--json", "--out", str(WEIGHTS / "attune.out")]
        self.numbers = numbers
        self.last = {}

    def timed(self):
        import numpy as np
        self.last = json.loads(subprocess.run(self.command, check=True, capture_output=True, text=True).stdout)
        out = np.fromfile(WEIGHTS / "attune.out", dtype=np.float32).reshape(self.numbers, -1)
        return self.last["seconds_median"], out


def timed(run):
    run()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        answer = run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), answer
