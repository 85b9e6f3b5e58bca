// schemas/recipe.schema.json, made from what the reader reads: a test holds the file against it.
#include "train/recipe_fields.hpp"
#include "train/schema_writing.hpp"

namespace attune::train {

std::string recipe_schema() {
  return schema_of<Recipe>("A recipe of attune train",
                           "Everything that decides what training gives. See include/attune/train/recipe.hpp.");
}

}  // namespace attune::train
