package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// disk is a small disk of our own.
type disk struct{ dir string }

const roomy = 3 << 30

// insideVariable tells the program that it runs in a namespace of mounts of its own.
const insideVariable = "COMPTOIR_FAULTS_INSIDE"

// inside runs this program again in a namespace of mounts of its own, which ends
// with it, and returns its exit code. There it may mount disks, and nobody else sees
// them. ok is false where the machine does not let us.
func inside() (code int, ok bool) {
	me, err := os.Executable()
	if err != nil {
		return 0, false
	}
	cmd := exec.Command(me, os.Args[1:]...) //nolint:noctx,gosec // this program itself, which is told to stop as we are
	cmd.Env = append(os.Environ(), insideVariable+"=yes")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGTERM}
	if id := os.Getuid(); id != 0 {
		// Who is not root is given the right to mount in a namespace of users, as himself.
		const mayMount = 21 // CAP_SYS_ADMIN
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{mayMount}
	}
	told := make(chan os.Signal, 4)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(told)
	if err := cmd.Start(); err != nil {
		return 0, false
	}
	go func() {
		for sig := range told {
			_ = cmd.Process.Signal(sig) // it may have ended
		}
	}()
	err = cmd.Wait()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		return max(1, exit.ExitCode()), true
	}
	return 0, err == nil
}

// newDisk mounts one at a folder. An error says that the machine does not let us.
func newDisk(dir string) (*disk, error) {
	if os.Getenv(insideVariable) == "" {
		return nil, errors.New("no small disk can be made here: a namespace of mounts is refused")
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("no small disk can be made here: %w", err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, sized(roomy)); err != nil {
		return nil, fmt.Errorf("no small disk can be made here: %w", err)
	}
	return &disk{dir}, nil
}

func sized(bytes int64) string { return fmt.Sprintf("size=%d", bytes) }

func (d *disk) resize(bytes int64) error {
	if err := syscall.Mount("none", d.dir, "tmpfs", syscall.MS_REMOUNT, sized(bytes)); err != nil {
		return fmt.Errorf("giving the disk %d bytes: %w", bytes, err)
	}
	return nil
}

// fill leaves so many bytes of it.
func (d *disk) fill(left int64) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		return fmt.Errorf("asking how full the disk is: %w", err)
	}
	return d.resize(int64(s.Blocks-s.Bfree)*s.Bsize + left)
}

// trimLog ends the write-ahead log of the ledger. It keeps the room that it once took, so
// what is recorded next would fit into it, however full the disk is.
func trimLog(ctx context.Context, k *strike) (err error) {
	db, err := sql.Open("sqlite", k.s.ledgerPath()) // the ledger's own driver
	if err != nil {
		return fmt.Errorf("trimming the ledger's log: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return eventually(ctx, "nobody uses the ledger's log for a moment", func() (bool, error) {
		var busy, pages, done int
		err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done)
		return err == nil && busy == 0, nil
	})
}

func (d *disk) close() error { return syscall.Unmount(d.dir, syscall.MNT_DETACH) }
