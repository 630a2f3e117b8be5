// Package migrations holds the schema of each database, as steps that are only ever added to: a step that was released never changes. A
// step is named by the time at which it was written, adds what is new and leaves what older programs read.
package migrations

import "embed"

// Files has one folder for each kind of database.
//
//go:embed sqlite/*.sql
var Files embed.FS
