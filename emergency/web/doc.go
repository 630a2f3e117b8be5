// Package web is the HTTP edge of Locket: it turns requests into calls of emergency.Service and answers into pages, JSON or problems.
//
// It decides nothing about anybody's record and keeps nothing but counters. Three rules hold on every route: an error becomes words in one
// place (problem.go), nothing of a patient may be cached, and the front of a card is never refused.
package web
