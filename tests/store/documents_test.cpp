#include "store/fixture.hpp"

namespace attune {

TEST_CASE_FIXTURE(StoreFixture, "store: a document comes back as it went in") {
  const Collection collection = need(store->open_collection("notes", "/home/ada/notes"));
  Written made = written(collection.id, "a/b.md", "# Ünïcode\nfirst line\nzweite Zeile 中文\n", "de");
  made.document.content.metadata = {{"author", "Ada"}, {"tags", "x, y"}};
  made.document.content.notes = {"decoded as GB18030"};
  made.document.content.language = "de";
  made.document.content.blocks[0].page = 3;
  made.document.content.blocks[1].line = 7;
  const std::int64_t id = put(*store, made);

  const Document back = need(store->document(id));
  CHECK(back.id == id);
  CHECK(back.collection_id == collection.id);
  CHECK(back.path == made.document.path);
  CHECK(back.sha256 == made.document.sha256);
  CHECK(back.size == made.document.size);
  CHECK(back.modified_ns == made.document.modified_ns);
  CHECK(back.language == "de");
  CHECK(back.content.format == "markdown");
  CHECK(back.content.title == "Title");
  CHECK(back.content.text == made.document.content.text);
  CHECK(back.content.language == "de");
  CHECK(back.content.metadata == made.document.content.metadata);
  CHECK(back.content.notes == made.document.content.notes);
  REQUIRE(back.content.blocks.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(back.content.blocks[i].kind == made.document.content.blocks[i].kind);
    CHECK(back.content.blocks[i].span == made.document.content.blocks[i].span);
    CHECK(back.content.blocks[i].level == made.document.content.blocks[i].level);
    CHECK(back.content.blocks[i].page == made.document.content.blocks[i].page);
    CHECK(back.content.blocks[i].line == made.document.content.blocks[i].line);
  }

  const std::vector<Chunk> chunks = need(store->chunks_of(id));
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[1].document_id == id);
  CHECK(chunks[1].ordinal == 1);
  CHECK(chunks[1].span == made.chunks[1].span);
  CHECK(chunks[1].heading == "Ünïcode");
  CHECK(chunks[1].text == "zweite Zeile 中文");
  CHECK(chunks[1].tokens == 3);

  const auto records = need(store->chunks(Ids{chunks[1].id, 999, chunks[0].id}));
  REQUIRE(records.size() == 2);
  CHECK(records[0].chunk.id == chunks[1].id);
  CHECK(records[1].chunk.text == "first line");
  CHECK(records[1].document.path == "a/b.md");
  CHECK(records[1].document.collection == "notes");
  CHECK(records[1].document.metadata.at("author") == "Ada");
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: putting an identical document again changes no row but the stamp") {
  const Collection collection = need(store->open_collection("notes", ""));
  Written made = written(collection.id, "a.md", "one\ntwo\n");
  const std::int64_t id = put(*store, made);
  const auto chunks = ids_of(need(store->chunks_of(id)));
  const std::int64_t generation = need(store->generation());
  CHECK(put(*store, made) == id);
  CHECK(ids_of(need(store->chunks_of(id))) == chunks);
  CHECK(need(store->generation()) == generation);

  made.document.modified_ns += 5;
  CHECK(need(store->put_document(made.document, made.chunks, "test 2")) == id);
  CHECK(need(store->generation()) == generation);
  const auto stamps = need(store->stamps(collection.id));
  REQUIRE(stamps.size() == 1);
  CHECK(stamps[0].made_by == "test 2");
  CHECK(stamps[0].modified_ns == made.document.modified_ns);
}

TEST_CASE_FIXTURE(StoreFixture, "store: chunks that did not change keep their ids and vectors, others get new ids") {
  const Collection collection = need(store->open_collection("notes", ""));
  const std::int64_t id = put(*store, written(collection.id, "a.md", "same\nold words\nlast\n"));
  const Ids before = ids_of(need(store->chunks_of(id)));
  need(store->put_vectors("m", before, std::vector<float>{1, 0, 0, 1, 1, 1}, 2));

  CHECK(put(*store, written(collection.id, "a.md", "inserted\nsame\nnew words\nlast\n")) == id);
  const auto chunks = need(store->chunks_of(id));
  REQUIRE(chunks.size() == 4);
  CHECK(chunks[1].id == before[0]);
  CHECK(chunks[3].id == before[2]);
  CHECK(chunks[0].id > before[2]);
  CHECK(chunks[2].id > before[2]);
  CHECK(chunks[1].span == ByteSpan{9, 13});
  CHECK(need(store->vector_ids("m")) == ChunkSet{before[0], before[2]});
  CHECK(need(store->search_words("old", {})).empty());
  CHECK(ids_of(need(store->search_words("new", {}))) == Ids{chunks[2].id});
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: passages that repeat within a document keep as many ids as stay") {
  const Collection collection = need(store->open_collection("notes", ""));
  const std::int64_t id = put(*store, written(collection.id, "a.md", "twin\ntwin\ntwin\n"));
  const Ids before = ids_of(need(store->chunks_of(id)));
  put(*store, written(collection.id, "a.md", "twin\ntwin\n"));
  CHECK(ids_of(need(store->chunks_of(id))) == Ids{before[0], before[1]});
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: a new title makes all chunks new, because it is part of what was embedded") {
  const Collection collection = need(store->open_collection("notes", ""));
  Written made = written(collection.id, "a.md", "one\n");
  const Ids before = ids_of(need(store->chunks_of(put(*store, made))));
  made.document.content.title = "Gazetteer";
  const Ids after = ids_of(need(store->chunks_of(put(*store, made))));
  CHECK(after[0] > before[0]);
  CHECK(ids_of(need(store->search_words("gazetteer", {}))) == after);
}

TEST_CASE_FIXTURE(StoreFixture, "store: another language re-stems the postings of chunks that stay") {
  const Collection collection = need(store->open_collection("notes", ""));
  const std::int64_t id = put(*store, written(collection.id, "a.md", "the running configurations\n", "de"));
  put(*store, written(collection.id, "b.md", "nothing of the kind here\n", "de"));
  const Ids before = ids_of(need(store->chunks_of(id)));
  CHECK(need(store->search_words("configured", {})).empty());
  put(*store, written(collection.id, "a.md", "the running configurations\n", "en"));
  CHECK(ids_of(need(store->chunks_of(id))) == before);
  CHECK(ids_of(need(store->search_words("configured", {}))) == before);
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: ids are never used again after a removal") {
  const Collection collection = need(store->open_collection("notes", ""));
  const std::int64_t first = put(*store, written(collection.id, "a.md", "one\ntwo\n"));
  const Ids chunks = ids_of(need(store->chunks_of(first)));
  need(store->remove_documents(Ids{first, 12345}));
  reopen();
  const std::int64_t second = put(*store, written(collection.id, "a.md", "one\n"));
  CHECK(second > first);
  CHECK(need(store->chunks_of(second))[0].id > chunks[1]);
  need(store->remove_collection(collection.id));
  CHECK(need(store->open_collection("notes", "")).id > collection.id);
}

TEST_CASE_FIXTURE(StoreFixture, "store: removing takes chunks, vectors and postings along") {
  const Collection collection = need(store->open_collection("notes", ""));
  const std::int64_t id = put(*store, written(collection.id, "a.md", "alpha\nbeta\n"));
  const std::int64_t other = put(*store, written(collection.id, "b.md", "alpha\n"));
  need(store->put_vectors("m", ids_of(need(store->chunks_of(id))), std::vector<float>{1, 2}, 1));
  need(store->remove_documents(Ids{id}));
  CHECK(ids_of(need(store->search_words("alpha", {}))) == ids_of(need(store->chunks_of(other))));
  CHECK(need(store->vector_ids("m")).empty());
  CHECK(store->document(id).error().kind == ErrorKind::not_found);
  CHECK(need(store->chunks_of(id)).empty());
  CHECK(need(store->check()).empty());

  need(store->remove_collection(collection.id));
  CHECK(need(store->counts("m")).chunks == 0);
  CHECK(need(store->search_words("alpha", {})).empty());
  CHECK(store->remove_collection(collection.id).error().kind == ErrorKind::not_found);
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: a moved file keeps its id and its chunks") {
  const Collection collection = need(store->open_collection("notes", ""));
  const std::int64_t id = put(*store, written(collection.id, "a.md", "alpha\n"));
  const std::int64_t other = put(*store, written(collection.id, "b.md", "beta\n"));
  const std::int64_t generation = need(store->generation());
  need(store->update_stamp(id, "a.md", 6, 42));
  CHECK(need(store->generation()) == generation);
  need(store->update_stamp(id, "c/d.md", 6, 42));
  CHECK(need(store->generation()) > generation);
  const auto stamps = need(store->stamps(collection.id));
  REQUIRE(stamps.size() == 2);
  CHECK(stamps[1].path == "c/d.md");
  CHECK(stamps[1].id == id);
  CHECK(stamps[1].modified_ns == 42);
  CHECK(store->update_stamp(other, "c/d.md", 1, 1).error().kind == ErrorKind::conflict);
  CHECK(store->update_stamp(777, "e.md", 1, 1).error().kind == ErrorKind::not_found);
}

TEST_CASE_FIXTURE(StoreFixture, "store: a collection has one root") {
  const Collection made = need(store->open_collection("notes", "/a"));
  CHECK(need(store->open_collection("notes", "/a")).id == made.id);
  CHECK(store->open_collection("notes", "/b").error().kind == ErrorKind::conflict);
  CHECK(store->open_collection("", "/b").error().kind == ErrorKind::bad_input);
  CHECK(need(store->collections()).size() == 1);
}

TEST_CASE_FIXTURE(StoreFixture, "store: what does not fit together is refused and leaves nothing behind") {
  const Collection collection = need(store->open_collection("notes", ""));
  Written made = written(collection.id, "a.md", "one\ntwo\n");
  const std::int64_t generation = need(store->generation());
  made.chunks[1].text = "tow";
  CHECK(store->put_document(made.document, made.chunks, "").error().kind == ErrorKind::bad_input);
  made.chunks[1].text = "two";
  made.chunks[1].span.end = 1000;
  CHECK(store->put_document(made.document, made.chunks, "").error().kind == ErrorKind::bad_input);
  made.chunks[1].span = {.start = 7, .end = 4};
  CHECK(store->put_document(made.document, made.chunks, "").error().kind == ErrorKind::bad_input);
  made = written(4711, "a.md", "one\n");
  CHECK(store->put_document(made.document, made.chunks, "").error().kind == ErrorKind::not_found);
  CHECK(need(store->generation()) == generation);
  CHECK(need(store->stamps(collection.id)).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: several documents go in together or not at all") {
  const Collection collection = need(store->open_collection("notes", ""));
  const Written a = written(collection.id, "a.md", "one\ntwo\n");
  Written b = written(collection.id, "b.md", "three\n");
  b.document.collection_id = 4711;
  const std::vector<NewDocument> both = {{&a.document, a.chunks}, {&b.document, b.chunks}};
  CHECK(store->put_documents(both, "").error().kind == ErrorKind::not_found);
  CHECK(need(store->counts("m")).documents == 0);
  b.document.collection_id = collection.id;
  const Ids ids = need(store->put_documents(both, ""));
  REQUIRE(ids.size() == 2);
  CHECK(need(store->document(ids[1])).path == "b.md");
  CHECK(put(*store, a) == ids[0]);
  CHECK(need(store->put_documents({}, "")).empty());
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: settings and the vector cache's row stay and leave the generation alone") {
  const std::int64_t generation = need(store->generation());
  CHECK_FALSE(need(store->setting("embedder")).has_value());
  need(store->set_setting("embedder", "e5"));
  need(store->set_setting("embedder", "e5 v2"));
  CHECK_FALSE(need(store->vector_cache_row()).has_value());
  need(store->set_vector_cache_row(
      {.generation = generation, .sha256 = "ab", .count = 3, .dimension = 4, .model = "m"}));
  reopen();
  CHECK(need(store->setting("embedder")) == "e5 v2");
  const auto row = need(store->vector_cache_row());
  REQUIRE(row.has_value());
  CHECK(row->generation == generation);
  CHECK(row->sha256 == "ab");
  CHECK(row->count == 3);
  CHECK(row->dimension == 4);
  CHECK(row->model == "m");
  CHECK(need(store->generation()) == generation);
}

}  // namespace attune
