package report

import _ "embed" // the schema

// ResultSchema is the JSON Schema (2020-12) of the result that format json writes.
//
//go:embed schema/result.schema.json
var ResultSchema string
