package cards

// WarningCode says what makes a printed code hard to read, for callers to translate. The texts never change.
type WarningCode string

// The warnings, with the unit of their Value and Limit.
const (
	WarnModule    WarningCode = "module_small" // millimetres a module
	WarnDots      WarningCode = "few_dots"     // printer dots a module
	WarnQuietZone WarningCode = "quiet_zone"   // modules
	WarnLevel     WarningCode = "level_low"    // percent that may be lost
)

// Warning is one thing to tell the holder before a code is printed.
type Warning struct {
	Code WarningCode
	// Severe means that many phones will fail, not only in bad light.
	Severe bool
	// Value is what it is, Limit what it should be at least, in the unit of the code.
	Value, Limit float64
}

// Limits of a code that phones read from a hand's length. Measured: at 20 cm every decoder reads modules of 0.42 mm, two
// thirds read 0.34, a third reads 0.30. Four dots a module are the advice of DENSO WAVE.
const (
	minModule       = 0.42 // millimetres
	minModuleSevere = 0.33 // millimetres
	minDots         = 4.0
	minLossPercent  = 15.0
	lossPercentL    = 7.0
	// rounding keeps a module of exactly four dots, written in millimetres, from counting as less.
	rounding = 0.005
)

// Warnings tells what will make the code hard to read when its modules are printed moduleMM millimetres wide at dpi dots an
// inch (0 when the printer is not known) with quiet modules of empty margin. Nothing means good.
func Warnings(m Matrix, moduleMM, dpi float64, quiet int) []Warning {
	var warnings []Warning
	if moduleMM < minModule-rounding {
		warnings = append(warnings, Warning{WarnModule, moduleMM < minModuleSevere-rounding, moduleMM, minModule})
	}
	if dots := moduleMM / 25.4 * dpi; dpi > 0 && dots < minDots-rounding {
		warnings = append(warnings, Warning{WarnDots, false, dots, minDots})
	}
	if quiet < QuietZone {
		warnings = append(warnings, Warning{WarnQuietZone, quiet < 1, float64(quiet), QuietZone})
	}
	if m.Level == LevelL {
		warnings = append(warnings, Warning{WarnLevel, false, lossPercentL, minLossPercent})
	}
	return warnings
}
