// Command locket-verify checks what people hold of an emergency card, without a server: for whoever is handed one and trusts its issuer.
package main

import (
	"os"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now())) }
