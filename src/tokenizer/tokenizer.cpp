#include "attune/tokenizer.hpp"
