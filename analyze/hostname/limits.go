package hostname

// Limits bound what one Namer, which serves one shard, holds and does. Each is per flow unless it says otherwise.
type Limits struct {
	// Head is the most bytes of one direction that are held while a message (a TLS hello over many records, an HTTP header)
	// is not yet complete. A longer one is not read, and counted as "hostname-head".
	Head int
	// Names is the number of distinct names that are reported of one stream (a proxy's connection may carry requests to
	// many hosts). Names beyond it are not reported, and counted as "hostname-names".
	Names int
}

// DefaultLimits are the limits of a scan.
//
//   - Head 64 KiB: a post-quantum hello has about 2 KiB and HTTP servers commonly refuse headers over 8 to 64 KiB.
//   - Names 1024: more than a browser asks a proxy for on one connection.
func DefaultLimits() Limits { return Limits{Head: 64 << 10, Names: 1024} }

// The names of limits, as in coverage.limits_hit of the result.
const (
	limitHead  = "hostname-head"
	limitNames = "hostname-names"
)
