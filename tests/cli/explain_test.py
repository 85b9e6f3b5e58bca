"""attune explain as a person or a script would run it."""
import xml.etree.ElementTree as ElementTree

import program

ENGLISH = "The animal didn't cross the street because it was too tired"
CHINESE = "动物没有过马路，因为它太累了"
SVG = "{http://www.w3.org/2000/svg}"


class Explain(program.ProgramTest):
    def explain(self, *arguments, expect=0):
        return self.run_attune("explain", "attention", *arguments, expect=expect)

    def test_the_story_of_thinking_machines_is_told_by_default(self):
        told = self.explain("Thinking Machines").stdout
        self.assertIn("'Think'", told)
        for part in ("q = x·W_Q", "√d_k", "softmax", "z = [", "Z = softmax(Q·Kᵀ / √d_k)·V", "W_O"):
            self.assertIn(part, told)
        self.assertNotIn("\x1b", told)

    def test_links_name_heads_in_english_and_chinese(self):
        for text, link, label in ((ENGLISH, "it:animal", "animal"), (CHINESE, "它:动物", "动物")):
            answer = self.run_json("explain", "attention", text, "--link", link)
            heads = answer["links"][0]["heads"]
            self.assertEqual(len(heads), answer["model"]["layers"] * answer["model"]["heads"])
            self.assertEqual(heads, sorted(heads, key=lambda head: -head["weight"]))
            self.assertEqual(answer["tokens"][heads[0]["strongest"] - 1]["label"], label)

    def test_alignment_and_recurrence_of_the_models_that_ship(self):
        answer = self.run_json("explain", "alignment", "我爱吃苹果")
        self.assertEqual(answer["text"], "I love apples")
        self.assertEqual(answer["columns"], ["我", "爱", "吃", "苹", "果"])
        for word in answer["words"]:
            self.assertAlmostEqual(sum(word["weights"]), 1, places=4)
        picture = self.scratch / "alignment.svg"
        told = self.run_attune("explain", "alignment", "我爱吃苹果", "--svg", picture, "--untrained").stdout
        self.assertIn("before training", told)
        self.assertEqual(ElementTree.parse(picture).getroot().tag, SVG + "svg")
        forced = self.run_json("explain", "alignment", "我爱吃苹果", "--target", "I eat apples")
        self.assertEqual([word["word"] for word in forced["words"]], ["I", "eat", "apples", "</s>"])
        faded = self.run_json("explain", "rnn", "汤姆昨天在公园里看到了一只猫。")["first_word_left"]
        self.assertEqual(faded[0], 1)
        self.assertLess(faded[-1], 0.2)
        model = program.SOURCE / "models" / "sequence" / "transformer.safetensors"
        refused = self.run_attune("explain", "rnn", "我爱吃苹果", "--model", model, expect=1)
        self.assertIn("a transformer carries no state", refused.stderr)
        self.run_attune("explain", "alignment", "", expect=2)

    def test_a_word_in_two_contexts(self):
        texts = ("--in", "我爱吃苹果。", "--in", "我买了苹果的手机。", "--like", "水果", "--like", "微软")
        answer = self.run_json("explain", "contexts", "苹果", *texts)
        fruit, maker = answer["likeness"][-1]
        self.assertGreater(fruit[0], fruit[1])
        self.assertGreater(maker[1], maker[0])
        self.assertIn("does not stand in", self.run_attune("explain", "contexts", "梨", *texts, expect=2).stderr)

    def test_token_layer_and_head_are_obeyed(self):
        chosen = self.run_json("explain", "attention", ENGLISH, "--token", "it", "--layer", "2", "--head", "3")["chosen"]
        self.assertEqual((chosen["token"], chosen["layer"], chosen["head"]), (11, 2, 3))
        self.assertEqual(self.run_json("explain", "attention", ENGLISH, "--token", "3")["chosen"]["token"], 3)

    def test_the_prefix_of_the_embedder_can_be_read_as_well(self):
        answer = self.run_json("explain", "attention", "it is", "--role", "query", "--token", "it")
        self.assertEqual(answer["text"], "query: it is")
        token = answer["tokens"][answer["chosen"]["token"] - 1]
        self.assertEqual(answer["text"].encode()[token["start"]:token["end"]].decode().strip(), "it")

    def test_the_picture_is_well_formed_and_shows_every_head(self):
        picture = ElementTree.fromstring(self.explain("a <b> & it", "--link", "it:b", "--svg", "-").stdout)
        shown = [text.text for text in picture.iter(SVG + "text")]
        for head in range(1, 13):
            self.assertIn(f"head {head}", shown)
        file = self.scratch / "it.svg"
        self.assertIn("ALL HEADS", self.explain("a <b> & it", "--svg", file).stdout)
        self.assertTrue(ElementTree.parse(file).getroot().tag.endswith("svg"))

    def test_wrong_requests_are_bad_usage(self):
        for wrong in (["a b", "--token", "c"], ["a b", "--layer", "13"], ["a b", "--layer", "0"], ["a b", "--link", "ab"],
                      ["a b", "--link", ":b"], ["a b", "--svg", "-", "--json"], [""], []):
            self.explain(*wrong, expect=2)
        self.assertIn("at most", self.explain("a " * 200, expect=1).stderr)
        self.explain("a", "--model", self.scratch, expect=1)


if __name__ == "__main__":
    program.main()
