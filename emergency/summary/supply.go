package summary

import "time"

// DaysLeft returns how many days after the day of now, in now's own zone, the supply of a medicine lasts: 0 when it ends today, less when it has
// ended. It is not known where no whole day was given.
func (i Item) DaysLeft(now time.Time) (days int, known bool) {
	if i.SupplyUntil == "" || !i.SupplyUntil.whole() {
		return 0, false
	}
	until, today := i.SupplyUntil.midnight(), DateOf(now).midnight()
	return int(until.Sub(today).Hours() / 24), true
}

// midnight is where the day begins in a zone without summer time, so that all days are equally long.
func (d Date) midnight() time.Time {
	year, month, day := d.Parts()
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}
