#include "attune/chunk.hpp"
