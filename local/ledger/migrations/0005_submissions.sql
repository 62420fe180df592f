-- What was filled in, as a digest, beside the key of a form: a form that comes again under
-- its key is the same one only where that is the same too. Null of forms from before.
ALTER TABLE submissions ADD COLUMN content TEXT CHECK (content <> '');
