package web

import "github.com/locket-health/locket/emergency"

// noticeList is what was sent, or was to be sent, about a patient, in words: the data of console/notices.html.
type noticeList struct {
	Cannot bool // this house sends nothing
	List   []sentNotice
}

// sentNotice is one of them.
type sentNotice struct {
	What  string // it tells of
	To    string // what the patient calls whoever it was for
	Drill bool
	At    string
	State string
	Dead  bool
}

// notices lists what was sent, or was to be sent, about a patient in the last month.
func (x *exchange) notices(id emergency.PatientID) (noticeList, error) {
	views, err := x.Service.Notices(x.r.Context(), x.caller, id)
	if err != nil {
		return noticeList{}, err
	}
	shown := noticeList{Cannot: !x.Service.CanTell()}
	for _, view := range views {
		at := x.Catalog.Time(x.lang.Code, view.At.UTC())
		n := sentNotice{What: x.T("notice." + view.Kind + ".name"), To: view.Name, Drill: view.Drill, At: at, Dead: view.State == emergency.NoticeDead}
		switch {
		case n.Dead:
			n.State = x.T("console.notices.dead")
		case view.State == emergency.NoticeSent:
			n.State = x.T("console.notices.sent", "date", x.Catalog.Time(x.lang.Code, view.EndedAt.UTC()))
		case view.Attempts > 0:
			n.State = x.T("console.notices.waiting.again", "date", x.Catalog.Time(x.lang.Code, view.NextAt.UTC()))
		default:
			n.State = x.T("console.notices.waiting")
		}
		shown.List = append(shown.List, n)
	}
	return shown, nil
}
