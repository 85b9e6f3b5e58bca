#include "attune/index.hpp"
