package hostname

// Limits bound what one Namer, which serves one shard, holds and does. Each is per flow unless it says otherwise.
type Limits struct {
	// Head is the most bytes of one direction that are held while a message (a TLS hello over many records, an HTTP header)
	// is not yet complete. A longer one is not read, and counted as "hostname-head".
	Head int
	// Names is the number of distinct names that are reported of one stream (a proxy's connection may carry requests to
	// many hosts). Names beyond it are not reported, and counted as "hostname-names".
	Names int
	// Content is how many bytes of one message in clear are looked at for personal data, and decoded of a compressed one. What is beyond is not: the rule
	// says so, and nothing is counted.
	Content int
	// ContentShard bounds the bytes of messages that a shard collects at a time, and of the windows of compressed ones, which may take half of it. Beyond it
	// messages are looked at in part: counted as "hostname-content", as is what one end says beyond maxMessages.
	ContentShard int
	// Personal is the number of distinct values of personal data that are reported of one end of a flow; those beyond it are counted as "hostname-personal".
	Personal int
}

// DefaultLimits are the limits of a scan.
//
//   - Head 64 KiB: a post-quantum hello has about 2 KiB and HTTP servers commonly refuse headers over 8 to 64 KiB.
//   - Names 1024: more than a browser asks a proxy for on one connection.
//   - Content 64 KiB: a device's report; what is larger is a picture, or holds in its first part what it holds in all.
//   - ContentShard 1 MiB: 64 MiB of messages at a time in all.
//   - Personal 64: enough to say that it is many.
func DefaultLimits() Limits {
	return Limits{Head: 64 << 10, Names: 1024, Content: 64 << 10, ContentShard: 1 << 20, Personal: 64}
}

// The names of limits, as in coverage.limits_hit of the result.
const (
	limitHead  = "hostname-head"
	limitNames = "hostname-names"

	limitContent  = "hostname-content"
	limitPersonal = "hostname-personal"
)
