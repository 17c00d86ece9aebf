# Makes C of the numbered requirements in SPEC.md, so that code and tests can name them and the compiler finds a name
# that does not exist.
#
#   awk -v form=h -f proto/requirements.awk SPEC.md > requirements.h     the enum and the declaration of the table
#   awk -v form=c -f proto/requirements.awk SPEC.md > requirements.c     the table; it includes "iperf-requirements.h"
#
# A requirement is a paragraph: it starts at column 1 with "**R-" and runs to the first blank line (SPEC.md, section
# 1.1). On a requirement that cannot be read, this stops with exit status 1; proto/spec_lint.awk says more.

function fail(message) {
	print "requirements.awk: " message > "/dev/stderr"
	failed = 1
	exit 1
}

# "R-4.2-10" -> "IPERF_R_4_2_10"
function c_name(name) {
	gsub(/[.-]/, "_", name)
	return "IPERF_" name
}

# The inside of a C string literal. By hand, because awks differ about backslashes in gsub's replacement.
function c_string(s,    i, c, out) {
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\\" || c == "\"" || (c == "?" && substr(s, i - 1, 1) == "?")) # "??" could begin a trigraph
			out = out "\\"
		out = out c
	}
	return out
}

function finish() {
	if (!reading)
		return
	gsub(/[ \t]+/, " ", text[count])
	sub(/ $/, "", text[count])
	reading = 0
}

BEGIN {
	if (form != "h" && form != "c")
		fail("say -v form=h or -v form=c")
}

/^\*\*R-/ {
	finish()
	if ($0 !~ /^\*\*R-[0-9]+(\.[0-9]+)*-[1-9][0-9]*\*\* \[[^];]+; [^];]+; [^];]+\] /)
		fail(FILENAME ":" FNR ": not of the form **R-<section>-<n>** [<level>; <role>; <provenance>] <sentence>")
	count++
	id[count] = substr($1, 3, length($1) - 4)
	if (id[count] in seen)
		fail(FILENAME ":" FNR ": " id[count] " stands here for the second time")
	seen[id[count]] = 1
	split(substr($0, index($0, "[") + 1, index($0, "]") - index($0, "[") - 1), label, "; ")
	level[count] = label[1]
	role[count] = label[2]
	provenance[count] = label[3]
	text[count] = substr($0, index($0, "]") + 2)
	reading = 1
	next
}

/^[ \t\r]*$/ { finish() }

reading { text[count] = text[count] " " $0 }

function print_header(    i) {
	print "/* Generated from SPEC.md by proto/requirements.awk: do not edit. */"
	print "#ifndef IPERF_PROTO_REQUIREMENTS_H"
	print "#define IPERF_PROTO_REQUIREMENTS_H"
	print ""
	print "/* The requirements of SPEC.md in its order: R-4.2-3 is IPERF_R_4_2_3. */"
	print "enum iperf_requirement {"
	print "\tIPERF_R_NONE, /* no requirement */"
	for (i = 1; i <= count; i++)
		print "\t" c_name(id[i]) ","
	print "\tIPERF_REQUIREMENT_COUNT"
	print "};"
	print ""
	print "/* What SPEC.md says of one requirement. */"
	print "struct iperf_requirement_text {"
	print "\tconst char *id;         /* \"R-4.2-3\" */"
	print "\tconst char *level;      /* \"MUST\", \"SHOULD\" or \"MAY\"; a MUST NOT is of level MUST */"
	print "\tconst char *role;       /* who has to obey: \"client\", \"server\" or \"both\" */"
	print "\tconst char *provenance; /* \"seed\" or \"ruling 17\" */"
	print "\tconst char *text;       /* the sentence as Markdown, on one line */"
	print "};"
	print ""
	print "/* Indexed by enum iperf_requirement; all strings of IPERF_R_NONE are empty. */"
	print "extern const struct iperf_requirement_text iperf_requirements[IPERF_REQUIREMENT_COUNT];"
	print ""
	print "#endif"
}

function print_table(    i) {
	print "/* Generated from SPEC.md by proto/requirements.awk: do not edit. */"
	print "#include \"iperf-requirements.h\""
	print ""
	print "const struct iperf_requirement_text iperf_requirements[IPERF_REQUIREMENT_COUNT] = {"
	print "\t[IPERF_R_NONE] = { \"\", \"\", \"\", \"\", \"\" },"
	for (i = 1; i <= count; i++) {
		print "\t[" c_name(id[i]) "] = {"
		printf "\t\t\"%s\", \"%s\", \"%s\", \"%s\",\n", \
			c_string(id[i]), c_string(level[i]), c_string(role[i]), c_string(provenance[i])
		printf "\t\t\"%s\"\n", c_string(text[i])
		print "\t},"
	}
	print "};"
}

END {
	if (failed)
		exit 1
	finish()
	if (count == 0)
		fail("no requirement in " (FILENAME == "" ? "the input" : FILENAME))
	if (form == "h")
		print_header()
	else
		print_table()
}
