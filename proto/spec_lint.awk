# Checks SPEC.md for what a reader, the table of requirements and the coverage report rely on.
#
#   awk -f proto/spec_lint.awk SPEC.md
#
# Prints "SPEC.md:LINE: what is wrong" for each finding, in order of lines; exit status 1 when there is one.
#
# - A requirement is a paragraph of its own: **R-<section>-<n>** [<level>; <role>; <provenance>] <sentence>.
# - Its id names the section that it stands in, counts from 1 there without a gap, and is unique.
# - Level, role and provenance are those of sections 1.1 and 21.1; the sentence has the level's key word once, and no other.
# - BCP 14 key words in capitals stand in requirements only (section 1.1 and the appendices may speak of them).
# - Every R-<section>-<n> anywhere names a requirement.
# - Appendix B lists the rulings 1, 2, 3 ... in tables whose first cell is the number and whose last cell holds the ids
#   of the requirements with that provenance, all of them; ids after "seed:" there have the provenance seed.
# - Every ruling is the provenance of a requirement, but for those in seed_says.

function find(line, what) {
	finding[line] = finding[line] FILENAME ":" line ": " what "\n"
	findings++
}

# Counts the BCP 14 key words of s into words[]; returns how many there are in all.
function count_keywords(s, words,    i, n, token, total) {
	for (i in words)
		delete words[i]
	n = split(s, token, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= n; i++)
		if (token[i] in is_keyword) {
			words[token[i]]++
			total++
		}
	return total + 0
}

# Remembers every R-<section>-<n> of a line, to be looked up when all are known.
function note_references(s) {
	while (match(s, /R-[0-9]+(\.[0-9]+)*-[0-9]+/)) {
		references++
		reference[references] = substr(s, RSTART, RLENGTH)
		reference_line[references] = NR
		s = substr(s, RSTART + RLENGTH)
	}
}

function begin_requirement(    label, n, id_section) {
	if (previous !~ /^[ \t\r]*$/)
		find(NR, "a requirement has to be a paragraph of its own; the line before is not blank")
	if ($0 !~ /^\*\*R-[0-9]+(\.[0-9]+)*-[1-9][0-9]*\*\* \[[^];]+; [^];]+; [^];]+\] /) {
		find(NR, "not of the form **R-<section>-<n>** [<level>; <role>; <provenance>] <sentence>")
		id = ""
		return
	}
	id = substr($1, 3, length($1) - 4)
	if (id in line_of) {
		find(NR, id " is also in line " line_of[id])
		id = ""
		return
	}
	line_of[id] = NR
	match($1, /-[0-9]+\*\*$/)
	n = substr($1, RSTART + 1, RLENGTH - 3) + 0
	id_section = substr($1, 5, RSTART - 5)
	if (id_section != section)
		find(NR, id " stands in section " (section == "" ? "(none)" : section))
	else if (n != last_number + 1)
		find(NR, id " follows number " last_number + 0 " of its section")
	last_number = n

	split(substr($0, index($0, "[") + 1, index($0, "]") - index($0, "[") - 1), label, "; ")
	level = label[1]
	if (level !~ /^(MUST|SHOULD|MAY)$/)
		find(NR, id " has the unknown level " level)
	if (label[2] !~ /^(client|server|both)$/)
		find(NR, id " has the unknown role " label[2])
	if (label[3] !~ /^(seed|ruling [1-9][0-9]*|observed 3\.[0-9.]+-3\.[0-9.]+)$/)
		find(NR, id " has the unknown provenance " label[3])
	provenance[id] = label[3]
	sentence = substr($0, index($0, "]") + 2)
}

function end_requirement(    total, words) {
	if (!in_requirement)
		return
	in_requirement = 0
	if (id == "")
		return
	total = count_keywords(sentence, words)
	if (words[level] != 1)
		find(line_of[id], id " has its key word " level " " words[level] + 0 " times, not once")
	if (total != words[level] + 0)
		find(line_of[id], id " has a key word of another level than " level)
}

# A row of Appendix B: | number | ... | ids; seed: ids |
function ruling_row(    cells, n, number, seed_part, ids, from_seed) {
	n = split($0, cells, "|")
	number = cells[2] + 0
	if (number != rulings + 1)
		find(NR, "ruling " number " follows ruling " rulings + 0)
	rulings = number
	ruling_line[number] = NR
	ids = cells[n - 1]
	seed_part = index(ids, "seed:")
	while (match(ids, /R-[0-9]+(\.[0-9]+)*-[0-9]+/)) {
		listings++
		from_seed = seed_part && RSTART > seed_part
		listed_id[listings] = substr(ids, RSTART, RLENGTH)
		listed_ruling[listings] = number
		listed_provenance[listings] = from_seed ? "seed" : "ruling " number
		listed_line[listings] = NR
		# Blanks keep the positions, so that what stands after "seed:" is still behind it.
		ids = substr(ids, 1, RSTART - 1) sprintf("%" RLENGTH "s", "") substr(ids, RSTART + RLENGTH)
	}
}

BEGIN {
	split("MUST SHALL SHOULD MAY REQUIRED RECOMMENDED OPTIONAL", list, " ")
	for (i in list)
		is_keyword[list[i]] = 1

	# Rulings that need no requirement of their own, and why.
	seed_says[1] = "client = source, server = sink: the seed's own words (R-2-1)"
	seed_says[2] = "no additional features: the seed's own words (R-2-2)"
	seed_says[4] = "no security: the seed's own words (R-3-6)"
}

/^```/ { fence = !fence }

!fence && /^#+ / {
	end_requirement()
	section = ""
	if ($2 ~ /^[0-9]+(\.[0-9]+)*\.$/)
		section = substr($2, 1, length($2) - 1)
	last_number = 0
	if ($0 ~ /^# /)
		appendix = $2 == "Appendix" ? substr($3, 1, 1) : ""
}

!fence && /^\*\*R-/ {
	end_requirement()
	begin_requirement()
	in_requirement = 1
	note_references($0)
	previous = $0
	next
}

/^[ \t\r]*$/ { end_requirement() }

in_requirement { sentence = sentence " " $0 }

!in_requirement && appendix == "" && section != "1.1" && count_keywords($0, found) {
	for (word in found)
		find(NR, word " in capitals outside of a requirement")
}

appendix == "B" && !fence && /^\| *[0-9]+ *\|/ { ruling_row() }

{
	note_references($0)
	previous = $0
}

END {
	end_requirement()

	for (name in provenance) {
		split(provenance[name], part, " ")
		if (part[1] == "ruling") {
			used[part[2] + 0]++
			requirements_of_rulings++
		}
	}
	if (!requirements_of_rulings)
		find(NR, "no requirement with a ruling as provenance: is this SPEC.md?")
	if (!rulings)
		find(NR, "no table of rulings in Appendix B")

	for (i = 1; i <= references; i++)
		if (!(reference[i] in line_of))
			find(reference_line[i], reference[i] " does not exist")

	for (i = 1; i <= listings; i++) {
		name = listed_id[i]
		if ((name, listed_ruling[i]) in is_listed)
			find(listed_line[i], "ruling " listed_ruling[i] " lists " name " twice")
		is_listed[name, listed_ruling[i]] = 1
		if (name in line_of && provenance[name] != listed_provenance[i])
			find(listed_line[i], "lists " name " as " listed_provenance[i] ", but its provenance is " provenance[name])
	}
	for (name in provenance) {
		split(provenance[name], part, " ")
		if (part[1] == "ruling" && !((name, part[2] + 0) in is_listed))
			find(line_of[name], "Appendix B does not list " name " under " provenance[name])
	}

	for (n in ruling_line) {
		if (!used[n] && !(n in seed_says))
			find(ruling_line[n], "no requirement has ruling " n " as provenance")
		if (used[n] && n in seed_says)
			find(ruling_line[n], "ruling " n " is provenance now: take it out of seed_says in spec_lint.awk")
	}

	for (i = 0; i <= NR; i++)
		printf "%s", finding[i]
	exit findings > 0
}
