"""Every command as a person or a script would run it: its output, its JSON and its exit code."""
import json
import subprocess

import program


class Commands(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("bees.md", "# Bees\n\nThe hive is inspected every second week.\n")
        self.write("tea.md", "# 茶园\n\n采茶从清明前后开始，重跑gen-itgc后再称重。\n")

    def index(self, *arguments, expect=0):
        return self.run_json("index", self.folder, *arguments, expect=expect)

    def test_index_search_and_status_agree(self):
        report = self.index()
        self.assertEqual(report["collections"][0]["added"], 2)
        self.assertEqual(report["embedded"], 2)
        hit = self.run_json("search", "how often is the hive inspected")["hits"][0]
        self.assertEqual(hit["document"]["path"], "bees.md")
        self.assertEqual(len(hit["document"]["sha256"]), 64)
        status = self.run_json("status")
        self.assertEqual((status["documents"], status["vectors"], status["pending"]), (2, 2, 0))

    def test_words_only_leaves_the_vectors_pending_and_says_so(self):
        self.index("--words-only")
        self.assertEqual(self.run_json("status")["pending"], 2)
        answer = self.run_json("search", "采茶")
        self.assertEqual(answer["hits"][0]["document"]["path"], "tea.md")
        self.assertEqual(answer["index"], {"chunks": 2, "pending": 2})
        self.assertTrue(any("by meaning" in note for note in answer["notes"]))

    def test_a_skipped_file_gives_exit_code_three_and_a_reason(self):
        self.write("broken.docx", b"PK\x03\x04 and then nothing")
        skipped = self.index(expect=3)["collections"][0]["skipped"]
        self.assertEqual([entry["path"] for entry in skipped], ["broken.docx"])
        self.assertGreater(len(skipped[0]["reason"]), 10)

    def test_any_query_is_legal(self):
        self.index("--words-only")
        for query in ['"', "'); DROP TABLE chunks; --", "NEAR(a b)", "*", "title:", "重跑gen-itgc后", "a" * 5000, " "]:
            self.run_attune("search", "--", query)

    def test_ascii_glued_to_han_is_found(self):
        self.index("--words-only")
        self.assertEqual(self.run_json("search", "gen-itgc")["hits"][0]["document"]["path"], "tea.md")

    def test_filters_narrow_the_answer(self):
        self.index()
        hits = self.run_json("search", "week", "--path", "tea*")["hits"]
        self.assertTrue(all(hit["document"]["path"] == "tea.md" for hit in hits))
        self.run_attune("search", "week", "--meta", "nonsense", expect=2)

    def test_remove_takes_a_collection_out(self):
        self.index("--words-only")
        self.run_attune("remove", "docs")
        self.assertEqual(self.run_json("status")["documents"], 0)
        self.run_attune("remove", "docs", expect=1)

    def test_an_emptied_folder_is_refused_without_prune(self):
        self.index("--words-only")
        for name in ("bees.md", "tea.md"):
            (self.folder / name).unlink()
        refused = self.run_attune("index", self.folder, "--words-only", expect=1)
        self.assertIn("--prune", refused.stderr)
        self.assertEqual(self.index("--words-only", "--prune")["collections"][0]["removed"], 2)

    def test_rewrite_restores_what_a_question_leans_on_and_says_where_it_was_said(self):
        turns = ("--history", "黄少天的角色是谁", "--history", "看黄少天打荣耀我都要静音")
        answer = self.run_json("rewrite", "他用那个角色", *turns)
        self.assertTrue(answer["changed"])
        self.assertEqual(answer["rewrite"], "黄少天用那个角色")
        self.assertEqual(answer["copied"][0]["said"], "黄少天")
        lines = '{"id": 7, "query": "他用那个角色", "history": ["黄少天的角色是谁", "看黄少天打荣耀我都要静音"]}\n{"query": "honey"}\n'
        out = self.run_attune("rewrite", "--batch", "-", stdin=lines).stdout.splitlines()
        self.assertEqual([json.loads(line)["rewrite"] for line in out], ["黄少天用那个角色", "honey"])
        self.assertEqual(json.loads(out[0])["id"], 7)
        # A file goes on where it was, also behind a line that was not finished.
        batch, kept = self.folder / "batch.jsonl", self.folder / "rewrites.jsonl"
        batch.write_text("".join(f'{{"id": {i}, "query": "where is it", "history": ["Oslo"]}}\n' for i in range(4)))
        self.run_attune("rewrite", "--batch", batch, "--out", kept)
        whole = kept.read_bytes()
        self.assertEqual(whole.count(b"\n"), 4)
        first = whole.index(b"\n") + 1
        kept.write_bytes(whole[:first].replace(b'"changed"', b'"Changed"') + whole[first : first + 9])
        self.run_attune("rewrite", "--batch", batch, "--out", kept)
        self.assertEqual(kept.read_bytes().replace(b'"Changed"', b'"changed"'), whole)
        self.assertIn(b'"Changed"', kept.read_bytes())
        batch.write_text('{"id": 7, "query": "where is it"}\n')
        self.run_attune("rewrite", "--batch", batch, "--out", kept, expect=1)
        self.assertEqual(kept.read_bytes().replace(b'"Changed"', b'"changed"'), whole)
        wrong = self.run_attune("rewrite", "--batch", "-", stdin='{"query": "a"}\n[]\n', expect=2)
        self.assertIn("line 2", wrong.stderr)
        self.run_attune("rewrite", expect=2)

    def test_rerank_orders_lines_and_names_its_scorer(self):
        lines = '{"text": "Goats are milked at dawn."}\n{"text": "The hive is full of honey."}\n'
        answer = self.run_json("rerank", "--query", "where is honey kept", "-", stdin=lines)
        self.assertEqual([result["index"] for result in answer["results"]], [1, 0])
        self.assertEqual(answer["notes"], [])
        self.assertIn("attune-reranker", answer["model"])
        self.environment["ATTUNE_MODELS"] = str(self.scratch / "models")
        (self.scratch / "models").mkdir()
        (self.scratch / "models" / "embedder").symlink_to(program.SOURCE / "models" / "embedder")
        alone = self.run_json("rerank", "--query", "where is honey kept", "-", stdin=lines)
        self.assertIn("cosine", alone["notes"][0])
        wrong = self.run_attune("rerank", "--query", "x", "-", stdin='{"text": "a"}\n[]\n', expect=2)
        self.assertIn("line 2", wrong.stderr)

    def test_embed_gives_unit_vectors(self):
        answer = self.run_json("embed", "--role", "passage", "one text", "another")
        self.assertEqual(len(answer["embeddings"]), 2)
        for vector in answer["embeddings"]:
            self.assertAlmostEqual(sum(x * x for x in vector), 1.0, places=4)

    def test_doctor_is_content_with_a_fresh_index(self):
        self.index()
        self.assertTrue(self.run_json("doctor")["healthy"])

    def test_a_file_that_is_no_database_is_named(self):
        (self.scratch / "test.db").write_text("this is not a database, but a letter to a friend\n" * 100)
        self.assertIn("test.db", self.run_attune("status", expect=1).stderr)

    def test_bad_usage_is_exit_code_two(self):
        for arguments in ([], ["search"], ["nonsense"], ["search", "x", "--top-k", "0"], ["index"]):
            self.run_attune(*arguments, expect=2)

    def test_every_command_has_help_with_an_example(self):
        listing = self.run_attune("--help").stdout
        for command in ("index", "search", "serve", "status", "remove", "rerank", "rewrite", "embed", "explain", "model", "train",
                        "eval", "doctor", "completion"):
            self.assertIn(command, listing)
            self.assertIn("attune " + command, self.run_attune(command, "--help").stdout)

    def test_rewrites_are_measured_and_compared_on_the_same_rows(self):
        rows = self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in (
            {"id": "1", "lang": "zh", "history": ["你喜欢梅西吗", "喜欢"], "query": "他几岁了", "rewrite": "梅西几岁了"},
            {"id": "2", "lang": "zh", "history": [], "query": "今天下雨吗", "rewrite": "今天下雨吗"})))
        perfect = self.write("perfect.tsv", "1\t梅西几岁了\n2\t今天下雨吗\n")
        answer = self.run_json("eval", "rewrite", rows, "--system", "raw", "--predictions", perfect)
        self.assertEqual((answer["system"], answer["metrics"]["exact_match"]), ("raw", 0.5))
        self.assertEqual(answer["metrics"]["unchanged_accuracy"], 1)
        self.assertGreaterEqual(answer["latency_ms"]["p50"], 0)
        compared = answer["compared"][0]
        self.assertEqual((compared["system"], compared["latency_ms"]), ("perfect", None))
        self.assertEqual(compared["metrics"]["bleu4"], 1)
        self.assertEqual(compared["differences"]["exact_match"]["value"], 0.5)
        alone = self.run_json("eval", "rewrite", rows, "--predictions", perfect)
        self.assertEqual((alone["system"], alone["compared"]), ("perfect", []))
        table = self.run_attune("eval", "rewrite", rows, "--system", "raw,concatenate").stdout
        self.assertIn("concatenate against raw", table)
        self.assertIn("attune eval rewrite", self.run_attune("eval", "rewrite", "--help").stdout)
        self.run_attune("eval", "rewrite", rows, "--system", "telepathy", expect=2)
        self.run_attune("eval", "rewrite", rows, "--resamples", "-1", expect=2)
        broken = self.write("broken.jsonl", '{"id": "1", "query": "q", "rewrite": "r"}\n{"id": "2"}\n')
        self.assertIn("line 2", self.run_attune("eval", "rewrite", broken, expect=2).stderr)

    def test_training_says_what_it_would_cost_and_refuses_what_is_kept_for_evaluation(self):
        lines = "".join(
            json.dumps({"query": f"who wrote book {n}", "positives": [f"Book {n} was written by author {n}."]}) + "\n"
            for n in range(40))
        pairs = self.write("pairs.jsonl", lines)
        plan = self.run_json("train", "reranker", pairs, "--dry-run", "--steps", "7")
        self.assertEqual((plan["groups"], plan["passages"], plan["steps"]), (40, 40, 7))
        self.assertGreater(plan["training_seconds"] + plan["preparation_seconds"], 0)
        self.write("data/CATALOGUE.md", "sets")
        kept = self.write("data/retrieval/pairs.jsonl", lines)
        refused = self.run_attune("train", "reranker", kept, "--dry-run", expect=2)
        self.assertIn("evaluat", refused.stderr)
        nothing = self.run_attune("train", "reranker", expect=2)
        self.assertIn("nothing to train on", nothing.stderr)

    def test_completion_scripts_complete(self):
        script = self.run_attune("completion", "bash").stdout
        done = subprocess.run(
            ["bash", "-c", script + "\nCOMP_WORDS=(attune se); COMP_CWORD=1; _attune; echo ${COMPREPLY[@]}"],
            text=True, capture_output=True, check=True)
        self.assertEqual(sorted(done.stdout.split()), ["search", "serve"])
        for shell in ("zsh", "fish"):
            self.assertIn("attune", self.run_attune("completion", shell).stdout)


if __name__ == "__main__":
    program.main()
