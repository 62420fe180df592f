// Command comptoir runs the shop's side of Comptoir, and with its embedded
// broker and state the whole of it.
package main

import (
	"os"
	_ "time/tzdata" // BUSINESS_TIMEZONE works on machines without a zone database

	"comptoir/local/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
