# Writes the leaves of one JSON document, a line each: end.streams[0].sender.bytes=5. Empty objects and arrays are leaves
# as well. For scripts that compare reports; exit status 1 when it is no JSON.
BEGIN { token = "^(\"([^\"\\\\]|\\\\.)*\"|-?[0-9][0-9.eE+-]*|true|false|null|[][{}:,])" }
{ text = text $0 "\n" }

function next_token() {
	sub(/^[ \t\r\n]+/, "", text)
	if (!match(text, token)) { bad = 1; exit 1 }
	now = substr(text, 1, RLENGTH)
	text = substr(text, RLENGTH + 1)
}
function value(path,    i, key) {
	if (now == "{") {
		next_token()
		if (now == "}") print path "={}"
		while (now != "}") {
			key = substr(now, 2, length(now) - 2)
			next_token(); next_token()
			value(path == "" ? key : path "." key)
			next_token()
			if (now == ",") next_token()
		}
	} else if (now == "[") {
		next_token()
		if (now == "]") print path "=[]"
		for (i = 0; now != "]"; i++) {
			value(path "[" i "]")
			next_token()
			if (now == ",") next_token()
		}
	} else
		print path "=" now
}
END {
	if (bad) exit 1
	next_token()
	value("")
}
