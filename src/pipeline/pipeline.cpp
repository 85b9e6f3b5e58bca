#include "attune/pipeline.hpp"
