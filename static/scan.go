package static

// ScanTemplate names the template of the scanner page, and ScanStyle the style sheet that it inlines besides [ReaderStyle].
const (
	ScanTemplate = "scan.html"
	ScanStyle    = "scan"
)

// ScanPage is the data of the scanner page: that of the reader page, on whose address it goes on when it has found a card.
type ScanPage ReaderPage
