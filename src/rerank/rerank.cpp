#include "attune/rerank.hpp"
