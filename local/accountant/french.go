package accountant

var frenchWords = map[string]string{}
