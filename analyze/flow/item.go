package flow

import "phonehome/analyze/packet"

// Item is a packet on its way into a table.
type Item struct {
	Packet packet.Packet
	Pair   uint64 // Packet.Hash()
	Table  *Table // of its shard

	key  key
	hash uint32
	at   uint32 // position of the first entry that has the hash, or had it when it was looked at; 0 for none
	dir  uint8
	read uint32 // nothing: what was read lest it be waited for later
}

// Count counts the packets of items, each in its table. All are looked up before the first is counted: most of what a packet costs is that the memory of
// its flow is far away, and what is asked for at the same time arrives at the same time. So each step but the last reads for all items, and decides nothing
// where it can be helped: a processor that guesses wrong asks for nothing more until it knows better.
func Count(items []Item) {
	for i := range items {
		items[i].aim()
	}
	for i := range items {
		items[i].touch()
	}
	for i := range items {
		items[i].look()
	}
	for i := range items {
		items[i].meet()
	}
	for i := range items {
		items[i].take()
	}
}

// aim makes the key, and its hash.
func (it *Item) aim() {
	it.dir = it.key.set(&it.Packet)
	it.hash = it.key.hash(it.Pair)
}

// touch reads the place of the index where the search begins.
func (it *Item) touch() { it.read = it.Table.index[it.hash&it.Table.mask].at }

// look says where the entry may be, and reads no entry.
func (it *Item) look() { it.at = it.Table.look(it.hash) }

// meet reads of each line of the entry that look has found, or of that which a new flow will get.
func (it *Item) meet() {
	at := it.at
	if at == 0 {
		at = it.Table.slab.next()
	}
	if at != 0 {
		e := it.Table.slab.at(at)
		it.read = uint32(e.hour) + e.head + e.extra
	}
}

// take counts the packet. What was found may have ended meanwhile.
func (it *Item) take() {
	t, p := it.Table, &it.Packet
	if t.touched++; t.due(p.Time) {
		t.sweep(p.Time)
	}
	at, e := it.at, (*entry)(nil)
	if at != 0 && t.slab.at(at).key.is(&it.key) {
		e = t.slab.at(at)
	} else {
		at, e = t.find(&it.key, it.hash)
	}
	if e != nil && t.ended(e, p, it.dir) {
		t.finish(at)
		e = nil
	}
	if e == nil {
		at, e = t.open(it)
	}
	t.count(at, e, p, it.dir)
}
