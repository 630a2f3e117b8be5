package static

// BadgeTemplate names the template of the page that reads a badge. Its style sheet is [ReaderStyle].
const BadgeTemplate = "badge.html"

// BadgePage is the data of the page that reads a badge: that of the reader page.
type BadgePage ReaderPage
