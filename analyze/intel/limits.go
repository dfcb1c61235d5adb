package intel

// Limits of lists. The largest public ones (URLhaus with all its past, the lists of popular sites that are used as warning lists) have some hundred
// megabytes and a few million rows.
const (
	maxFile       = 256 << 20 // bytes of one file
	maxLists      = 1000      // files
	maxIndicators = 5_000_000 // of all lists together; about 32 bytes each, and the text
	maxText       = 1 << 30   // bytes of all names, URLs and descriptions together
	maxLine       = 64 << 10  // bytes of a line; what is longer is not understood
	maxDepth      = 16        // of JSON values, and of parentheses in a pattern
)

// Limits of what is shown.
const (
	maxURL         = 512 // bytes of a URL
	maxDescription = 160 // bytes
	maxListName    = 120 // bytes
	maxExamples    = 5   // rows not understood
	maxExample     = 120 // bytes of one
	maxAlike       = 16  // indicators of one list, kind and value: a URL list may have thousands of URLs on one host
)

// maxSubstrings are the values of warning lists that may stand anywhere in a name: each is searched for in each hit.
const maxSubstrings = 10_000

// The widest networks that may match. What is wider says nothing of the addresses in it: 0.0.0.0/0, 2000::/3.
const (
	minBitsIPv4 = 8
	minBitsIPv6 = 16
)
