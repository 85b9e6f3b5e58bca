// What a rewriter's recipe may hold, for tools that write one.
#pragma once

#include <string>

namespace attune::train {

// The schema of what the reader reads, as schemas/rewriter-recipe.schema.json holds it.
std::string rewriter_recipe_schema();

}  // namespace attune::train
