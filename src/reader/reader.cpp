#include "attune/reader.hpp"
