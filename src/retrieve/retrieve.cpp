#include "attune/retrieve.hpp"
