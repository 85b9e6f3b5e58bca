"""attune train reranker --smoke: the recipe that ships, in small, on the real data where that is at hand."""
import os
import pathlib
import time
import unittest

from program import SOURCE, ProgramTest, main

SHARED = pathlib.Path(os.environ.get("ATTUNE_SHARED", SOURCE.parent / "shared"))
RECIPE = SOURCE / "models" / "reranker" / "recipe.json"


class TrainTest(ProgramTest):
    @unittest.skipUnless((SHARED / "data" / "CATALOGUE.md").exists(), f"no training data in {SHARED}")
    def test_smoke_training_improves_loss_and_ndcg(self):
        started = time.monotonic()
        report = self.run_json("train", "reranker", "--recipe", RECIPE, "--smoke", "--data", SHARED / "data", "--run",
                               self.scratch / "run")
        print(f"smoke: {time.monotonic() - started:.0f} s, {report}")
        self.assertTrue(report["finished"])
        self.assertLess(report["best_loss"], report["first_loss"])
        self.assertGreater(report["best_measure"], report["first_measure"])
        self.assertTrue(pathlib.Path(report["file"]).exists())
        self.assertTrue((self.scratch / "run" / "loss.svg").exists())


if __name__ == "__main__":
    main()
