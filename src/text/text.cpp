#include "attune/text.hpp"
