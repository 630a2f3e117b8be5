// Package emergencytest holds fictional people for tests and for the demo.
package emergencytest

import "embed"

// Fixtures are International Patient Summaries (FHIR R4 document bundles, fixtures/NAME.json) of people who do not exist:
//
//	adult               English, a pacemaker and an anticoagulant
//	traveller-ja        a record in Japanese
//	family-ar-mother, family-ar-father, family-ar-daughter, family-ar-grandfather
//	                    an Arabic-speaking family; the daughter is seven, with a dated weight and a list of who may collect her
//	reference           as large as the reference patient of the size promise: all of it fits a wallet card
//
//go:embed fixtures/*.json
var Fixtures embed.FS
