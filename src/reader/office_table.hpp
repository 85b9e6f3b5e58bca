// Tables of office documents, whose markup seldom says which row names the columns.
#pragma once

#include <string>
#include <vector>

#include "reader/text_builder.hpp"

namespace attune::reader {

using Cells = std::vector<std::string>;  // one row; empty cells are kept, so that columns stay in line

// True if `first`, standing above other rows, names the columns: several short, distinct texts that are no figures.
bool looks_like_header(const Cells& first);

// Turns rows, as they come, into blocks. The first row with several cells names the columns if it looks like it (rows
// of one cell above it are captions); it is then not a block of its own, since every row below carries its names.
class OfficeTable {
 public:
  // `header_declared`: the markup says that the first row is a header.
  OfficeTable(TextBuilder& builder, int page = 0, bool header_declared = false)
      : builder_(builder), page_(page), header_declared_(header_declared) {}

  void add(Cells row);
  // Must be called after the last row: a header that stands alone is text as well.
  void finish();

 private:
  TextBuilder& builder_;
  int page_;
  bool header_declared_;
  bool names_wanted_ = true;
  bool names_used_ = true;
  Cells names_;
};

// A whole table at once.
void add_table(TextBuilder& builder, std::vector<Cells> rows, bool header_declared, int page = 0);

}  // namespace attune::reader
