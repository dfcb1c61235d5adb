// Package vendors says whose a destination is: catalogue, registrable domain, country, network, device maker.
package vendors

// Catalogue maps names to vendors.
type Catalogue struct{}
