package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/term"
)

// leastPassword is how many characters a password has at least; bcrypt reads no more
// than mostPassword bytes.
const leastPassword, mostPassword = 10, 72

func (c *console) password() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "password",
		Short: "Set the password of the accountant's app",
		Long: `Set the password of the accountant's app. It is asked for twice, or read as one line where
input is not a terminal, and kept as a bcrypt hash in the data directory. Without one the app
listens on this machine's own address alone. It takes effect with the next run.`,
		Example: "  comptoir password\n  comptoir password --remove",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if remove {
				return c.removePassword()
			}
			return c.setPassword()
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "ask for no password any more")
	return cmd
}

func (c *console) setPassword() error {
	dir, _, err := c.open(true)
	if err != nil {
		return err
	}
	password, err := c.readPassword()
	if err != nil {
		return err
	}
	switch {
	case len([]rune(password)) < leastPassword:
		return fmt.Errorf("setting the password: it has fewer than %d characters: choose a longer one", leastPassword)
	case len(password) > mostPassword:
		return fmt.Errorf("setting the password: it has more than %d bytes: choose a shorter one", mostPassword)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 12)
	if err != nil {
		return fmt.Errorf("setting the password: %w", err)
	}
	if err := dir.WritePassword(append(hash, '\n')); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "The password is set in %s; the next run asks for it.\n", dir.Password())
	return err
}

func (c *console) removePassword() error {
	dir, _, err := c.open(false)
	if err != nil {
		return err
	}
	if err := os.Remove(dir.Password()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the password: %w", err)
	}
	_, err = fmt.Fprintln(c.out, "No password is asked for from the next run on; the app then listens on this machine's own address alone.")
	return err
}

func (c *console) readPassword() (string, error) {
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(c.in, 1024)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(c.err, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(c.err)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errors.New("setting the password: the two are not the same: do it again")
	}
	return typed[0], nil
}
