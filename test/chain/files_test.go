package chain

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Books are nobody else's to read, in a folder that others may enter too.
func TestEmbeddedFilesAreNobodyElses(t *testing.T) {
	embedded(t)
	s := newShop(t)
	must(t, os.Chmod(s.dir, 0o755))
	s.must("import", write(t, filepath.Join(t.TempDir(), "sales.csv"), "invoice number,product id,quantity,unit price,date\nF-1,00417,2,3.50,2011-12-08\n"),
		write(t, filepath.Join(t.TempDir(), "products.csv"), "product id,name\n00417,LANTERN\n"))
	s.catchUp()
	s.must("backup", s.file("copy.db"))
	files := 0
	must(t, filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path == s.dir {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			within, _ := filepath.Rel(s.dir, path)
			reachable := true // through folders that are open
			for dir := filepath.Dir(path); dir != s.dir; dir = filepath.Dir(dir) {
				folder, err := os.Stat(dir)
				must(t, err)
				reachable = reachable && folder.Mode().Perm()&0o077 != 0
			}
			if reachable {
				t.Errorf("%s is %s", within, info.Mode())
			}
		}
		files++
		return err
	}))
	if files < 5 {
		t.Errorf("only %d files were there", files)
	}
}
