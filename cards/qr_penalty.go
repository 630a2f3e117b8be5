package cards

// Weights of the penalty (ISO/IEC 18004, section 7.8.3.1, table 11).
const (
	penaltyRun        = 3  // N1, for five modules of one colour in a row, and one more for each further module
	penaltyBlock      = 3  // N2, for each two by two of one colour
	penaltyFinder     = 40 // N3, for what a reader may take for a finder pattern
	penaltyProportion = 10 // N4, for each five percent by which dark and light differ from half and half
)

// maskPenalty says how hard a finished code is to read, after the standard: the mask with the least is taken. All columns of
// a row are counted at once. The quiet zone counts as light beside what looks like a finder pattern, as a reader sees it.
func maskPenalty(code bitmap, modules int) int {
	all, pairs, runStarts := firstColumns(modules), firstColumns(modules-1), firstColumns(modules-4)
	var runs, blocks, finders, dark int
	var before moduleRow // the columns in which five rows that began one row higher are of one colour
	for y := range modules {
		row, next := code.row(y), code.row(y+1)
		dark += row.count()

		beside := row.same(row.ahead(1))
		five := beside.and(beside.ahead(1)).and(beside.ahead(2)).and(beside.ahead(3)).and(runStarts)
		runs += runPenalty(five, five.behind(1))
		finders += finderPenalty(
			row.andNot(row.ahead(1)).and(row.ahead(2)).and(row.ahead(3)).and(row.ahead(4)).andNot(row.ahead(5)).and(row.ahead(6)),
			row.behind(4).or(row.behind(3)).or(row.behind(2)).or(row.behind(1)),
			row.ahead(7).or(row.ahead(8)).or(row.ahead(9)).or(row.ahead(10)))

		if y+1 < modules {
			blocks += penaltyBlock * beside.and(next.same(next.ahead(1))).and(row.same(next)).and(pairs).count()
		}
		if y+5 <= modules {
			third, fourth, fifth := code.row(y+2), code.row(y+3), code.row(y+4)
			five := row.same(next).and(next.same(third)).and(third.same(fourth)).and(fourth.same(fifth)).and(all)
			runs += runPenalty(five, before)
			before = five
		}
		if y+7 <= modules {
			finders += finderPenalty(
				row.andNot(next).and(code.row(y+2)).and(code.row(y+3)).and(code.row(y+4)).andNot(code.row(y+5)).and(code.row(y+6)),
				code.row(y-4).or(code.row(y-3)).or(code.row(y-2)).or(code.row(y-1)),
				code.row(y+7).or(code.row(y+8)).or(code.row(y+9)).or(code.row(y+10)))
		}
	}
	total := modules * modules
	off := max(20*dark-10*total, 10*total-20*dark) // twentieths of the total
	return runs + blocks + finders + penaltyProportion*(off/total)
}

// runPenalty is that of runs in which five modules of one colour begin at each place of five. A run of n has n-4 such
// places and costs n-2: one for each place, and two more for the first, which has none before it.
func runPenalty(five, before moduleRow) int {
	return five.count() + (penaltyRun-1)*five.andNot(before).count()
}

// finderPenalty is that of the places where dark, light, three dark, light, dark begin, unless something is dark within four
// modules both before and after.
func finderPenalty(pattern, before, after moduleRow) int {
	return penaltyFinder * pattern.andNot(before.and(after)).count()
}
