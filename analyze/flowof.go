package analyze

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sort"

	"phonehome/analyze/flow"
	"phonehome/analyze/hostname"
	"phonehome/analyze/packet"
)

// byEnds finds flows by their ends, at 8 bytes a flow: the rows themselves stay where they are.
type byEnds struct {
	seed maphash.Seed // differs from run to run, and so does the order of refs: what is found does not
	refs []endsRef
}

// endsRef is one flow: by hash of its ends, then in the order of facts, which is that of time.
type endsRef struct{ hash, at uint32 }

func (r endsRef) compare(o endsRef) int {
	return cmp.Or(cmp.Compare(r.hash, o.hash), cmp.Compare(r.at, o.at))
}

// ends are the two ends of a flow, in either order, and its transport.
type ends struct {
	a, b         packet.Addr
	aPort, bPort uint16
	transport    packet.Transport
	v6           bool
}

// sorted puts the end that sorts first in front.
func (e ends) sorted() ends {
	if cmp.Or(bytes.Compare(e.a[:], e.b[:]), cmp.Compare(e.aPort, e.bPort)) > 0 {
		e.a, e.aPort, e.b, e.bPort = e.b, e.bPort, e.a, e.aPort
	}
	return e
}

func endsOfRow(r *flow.Row) ends {
	return ends{r.A, r.B, r.APort, r.BPort, r.Transport, r.V6}.sorted()
}

func endsOfName(n *hostname.Name) ends {
	return ends{n.Client, n.Server, n.ClientPort, n.ServerPort, n.Transport, n.V6}.sorted()
}

func (x *byEnds) hash(e ends) uint32 {
	const longest = 2*16 + 2*2 + 1
	b := make([]byte, 0, longest)
	b = append(append(b, e.a[:]...), e.b[:]...)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, e.aPort), e.bPort)
	return uint32(maphash.Bytes(x.seed, append(b, byte(e.transport))))
}

// indexEnds makes the index, once.
func (e *evidence) indexEnds() {
	if e.byEnds != nil {
		return
	}
	x := &byEnds{seed: maphash.MakeSeed()}
	// No error: the function gives none.
	_ = e.eachFlow(func(r *flow.Row) error {
		x.refs = append(x.refs, endsRef{x.hash(endsOfRow(r)), uint32(len(x.refs))})
		return nil
	})
	slices.SortFunc(x.refs, endsRef.compare)
	e.byEnds = x
}

// maxOverlap is how many flows of the same ends that began before a time are looked at: rows of one key follow each other, and overlap only where parts that were saved apart do, or where
// another pair of ends has the same hash.
const maxOverlap = 8

// flowOf reads the flow in which something was said into r; false where its packets are in none.
func (e *evidence) flowOf(n *hostname.Name, r *flow.Row) bool {
	e.indexEnds()
	want := endsOfName(n)
	hash, refs := e.byEnds.hash(want), e.byEnds.refs
	after := sort.Search(len(refs), func(i int) bool {
		return refs[i].hash > hash || refs[i].hash == hash && e.sorted[refs[i].at].first > n.At
	})
	for i := after - 1; i >= max(0, after-maxOverlap) && refs[i].hash == hash; i-- {
		e.row(e.sorted[refs[i].at], r)
		if endsOfRow(r) == want && !r.Orphan && n.At <= r.Last {
			return true
		}
	}
	return false
}

// FlowOf reads the flow in which something was said into w; false where its packets are in none, and of a result without facts.
func (r *Result) FlowOf(n *hostname.Name, w *flow.Row) bool {
	return r.hasFacts() == nil && r.evidence.flowOf(n, w)
}
