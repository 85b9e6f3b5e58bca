"""attune model add, list, check and convert, over the tiny encoders of tests/model/fixtures."""
import shutil

import program

FIXTURES = program.SOURCE / "tests" / "model" / "fixtures"


class ModelCommands(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.scratch / "tiny"
        shutil.copytree(FIXTURES / "bert-pairs", self.model)
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz") + list(".,?!'1290")
        (self.model / "vocab.txt").write_text("\n".join(pieces[:40]) + "\n")

    def test_a_model_is_added_listed_and_checked(self):
        models = self.scratch / "models"
        added = self.run_json("model", "add", self.model, "--name", "judge", "--models", models)
        self.assertEqual((added["name"], added["format"], added["precision"]), ("judge", "hugging-face", "f16"))
        self.assertEqual(added["labels"], ["LABEL_0", "LABEL_1", "LABEL_2"])
        listed = self.run_json("model", "list", "--models", models)["models"]
        self.assertEqual([model["identity"] for model in listed], [added["identity"]])
        self.assertTrue(self.run_json("model", "check", models / "judge")["whole"])
        self.run_attune("model", "add", self.model, "--name", "judge", "--models", models, expect=1)

    def test_conversion_to_int8_reports_the_error_of_each_part_and_the_order_of_scores(self):
        made = self.run_json("model", "convert", self.model, self.scratch / "int8", "--name", "small")
        self.assertEqual((made["name"], made["format"], made["precision"]), ("small", "attune", "int8"))
        self.assertEqual([error["part"] for error in made["errors"]], ["embeddings", "layers.0", "layers.1"])
        for error in made["errors"]:
            self.assertTrue(0 < error["relative_rms"] < 0.02, error)
        self.assertEqual(made["scores"]["pairs"], 276)
        self.assertGreater(made["scores"]["rank_correlation"], 0.9)
        self.assertTrue(self.run_json("model", "check", self.scratch / "int8")["whole"])

    def test_a_damaged_model_is_named_with_its_fault(self):
        weights = self.model / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-10])
        said = self.run_attune("model", "check", self.model, expect=1).stderr
        self.assertIn("model.safetensors", said)
        self.assertIn("tensor '", said)
        (self.model / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n" + "\n".join(f"w{index}" for index in range(40)) + "\n")
        shutil.copy(FIXTURES / "bert-pairs" / "model.safetensors", weights)
        checked = self.run_json("model", "check", self.model, expect=1)
        self.assertFalse(checked["whole"])
        self.assertIn("'w37' has id 40", checked["faults"][0])


if __name__ == "__main__":
    program.main()
