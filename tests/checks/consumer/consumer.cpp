// Reads a document and opens a database: enough to need every library that Attune is linked with.
#include <cstdio>

#include "attune/pipeline.hpp"
#include "attune/reader.hpp"

int main(int, char** argv) {
  const auto text = attune::read_document("note.md", "# Note\n\nOne sentence.\n");
  const auto workspace = attune::Workspace::open({.database = argv[1], .with_embedder = false});
  if (!text || !workspace) return 1;
  std::printf("%zu formats, %zu bytes\n", attune::readable_formats().size(), text->text.size());
  return 0;
}
