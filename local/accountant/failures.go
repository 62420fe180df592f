package accountant

import "strings"

// failure says in the reader's language what to do about a failure that the ledger knows
// of; "" where it knows none.
func (s *speaker) failure(err error) string {
	for _, f := range failureForms {
		if strings.Contains(err.Error(), f.english) {
			return upper(f.say(s, nil)) + "."
		}
	}
	return ""
}

// failureWithin says such a failure as a part of what the importer says, with its cause.
func (s *speaker) failureWithin(text string) (string, bool) {
	for _, f := range failureForms {
		values, ok := matchForm("%s the ledger %s: "+f.english+": %s", text)
		if ok && !strings.Contains(values[0], ":") { // else more is said around it
			return "livres (" + values[1] + ") : " + f.say(s, nil) + " : " + values[2], true
		}
	}
	return "", false
}

// failureForms are what the ledger says to do where the machine fails it. A test holds
// that each has its French.
var failureForms = []textForm{
	{"the disk is full; nothing was recorded: free some space and do it again", "le disque est plein ; rien n’a été enregistré : libérez de la place et recommencez"},
	{"the disk could not be read or written; nothing was recorded: check the disk and do it again", "le disque n’a pas pu être lu ou écrit ; rien n’a été enregistré : vérifiez le disque et recommencez"},
	{"the file cannot be opened for writing: check the rights of the file and its folder", "le fichier des livres ne peut pas être ouvert en écriture : vérifiez les droits du fichier et de son dossier"},
	{"another process kept the ledger locked for too long; nothing was recorded: do it again when it has finished", "un autre programme a gardé les livres verrouillés trop longtemps ; rien n’a été enregistré : recommencez quand il aura fini"},
	{"the file is damaged: restore the last backup", "le fichier des livres est abîmé : restaurez la dernière sauvegarde"},
	{"the database refuses what its rules forbid; nothing was recorded", "la base de données refuse ce que ses règles interdisent ; rien n’a été enregistré"},
}
