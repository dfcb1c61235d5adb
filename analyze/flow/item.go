package flow

import "phonehome/analyze/packet"

// Item is a packet on its way into a table, and where its flow is looked for. Packets are looked up some at a time: while one entry comes from
// memory, so do those of the others.
type Item struct {
	Packet packet.Packet
	Pair   uint64 // Packet.Hash()

	key  key
	hash uint32
	at   uint32 // position of the entry that has the key, or had it when it was looked at; 0 for none
	dir  uint8
}

// Look says where the entry of it may be: it reads the index, and no entry.
func (t *Table) Look(it *Item) {
	it.key, it.dir = keyOf(&it.Packet)
	it.hash = it.key.hash(it.Pair)
	it.at = t.look(it.hash)
}

// Meet reads the entry that Look has found.
func (t *Table) Meet(it *Item) {
	if it.at != 0 && !t.slab.at(it.at).key.is(&it.key) {
		it.at = 0
	}
}

// Take counts the packet of an item that was looked up, by Look and Meet in this order. What was found may have ended meanwhile.
func (t *Table) Take(it *Item) {
	p := &it.Packet
	t.sweep(p.Time)
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
