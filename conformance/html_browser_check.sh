#!/bin/sh
# The pages in a browser: no script of an implementation runs, ours does, without an error; every case has its anchor and every
# link a target; nothing is asked of a network; and on a phone of 320 pixels nothing is wider than the page. Screenshots are
# left in $BUILD/pages. Skipped only where chromium is missing and IPERF_TEST_MAY_SKIP is set.
set -eu
build=${BUILD:-build}
if ! command -v chromium >/dev/null; then
	[ -n "${IPERF_TEST_MAY_SKIP-}" ] || { echo "chromium is not installed"; exit 1; }
	echo "skipped: chromium is not installed"
	exit 0
fi
pages=$build/pages
rm -rf "$pages"
mkdir -p "$pages"
pages=$(cd "$pages" && pwd)
"$build/conformance/html_test" "$pages/run.html"
"$build/conformance/matrix_test" "$pages/matrix.html"

browse() {
	timeout -k 5 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking \
		--no-first-run --hide-scrollbars --user-data-dir="$pages/profile" "$@" 2>>"$pages/log"
}
status=0
wrong() { echo "$*"; status=1; }

# A copy of a page that asserts what it can only say of itself, in an attribute of its root.
probe() {
	cat <<-'JS'
	<script>
	addEventListener('load', () => {
	  const page = document.documentElement;
	  const lost = [...document.querySelectorAll('a[href]')].filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1))));
	  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
	  for (const d of document.querySelectorAll('details')) d.open = true;
	  const wide = [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 &&
	    !e.closest('pre,.scroll,.chart,svg')).map(e => e.tagName + '.' + e.className);
	  const levels = [...document.querySelectorAll('h1,h2,h3,h4,h5')].map(e => +e.tagName[1]);
	  const seen = () => [...document.querySelectorAll('.case')].filter(e => e.offsetParent !== null).length;
	  const press = which => { document.querySelector(`button[data-show=${which}]`)?.click(); return seen(); };
	  page.dataset.found = JSON.stringify({
	    title: document.title, lost: lost.length, double: ids.length - new Set(ids).size, cases: seen(),
	    fetched: performance.getEntriesByType('resource').length, elements: document.querySelectorAll('main script,main img').length,
	    jump: levels.some((l, i) => i > 0 && l > levels[i - 1] + 1), width: page.scrollWidth - innerWidth, wide: wide.slice(0, 3),
	    ran: page.dataset.script, error: page.dataset.error, fail: press('fail'), open: press('open') });
	});
	</script>
	JS
}
# file, width, options: what the page says of itself
found() {
	sed '/<script>/,$d' "$1" >"$pages/probe.html"
	probe >>"$pages/probe.html"
	sed -n '/<script>/,$p' "$1" >>"$pages/probe.html"
	# A window cannot be narrower than 500 pixels; a frame can.
	sed -e 's/&/\&amp;/g' -e 's/"/\&quot;/g' "$pages/probe.html" >"$pages/escaped"
	{ printf '<!DOCTYPE html><iframe id="f" style="border:0;width:%spx;height:900px" srcdoc="' "$2"; cat "$pages/escaped"
	  printf '"></iframe><script>onload=()=>{document.documentElement.dataset.found=f.contentDocument.documentElement.dataset.found}</script>'
	} >"$pages/frame.html"
	browse --dump-dom "file://$pages/frame.html" | sed -n 's/^.*<html data-found="\([^"]*\)".*$/\1/p' | head -n 1 | sed 's/&quot;/"/g'
}
expect() { # what, wanted, in text
	case $3 in *"$2"*) ;; *) wrong "$1: $2 is not in $3" ;; esac
}
for page in run matrix; do
	for width in 320 1100; do
		text=$(found "$pages/$page.html" $width)
		for wanted in '"lost":0' '"double":0' '"fetched":0' '"elements":0' '"jump":false' '"width":0' '"wide":[]' '"ran":"ran"'; do
			expect "$page at $width pixels" "$wanted" "$text"
		done
		case $text in *'"error"'*) wrong "$page: a script failed: $text" ;; esac
		[ $page = matrix ] || expect "$page at $width pixels" '"cases":17' "$text"
		[ $page = matrix ] || expect "$page at $width pixels" '"fail":4,"open":7' "$text"
		case $text in *pwned*) wrong "$page: a script of the sample ran" ;; esac
	done
done

shot() { browse --screenshot="$pages/$1.png" --window-size="$3" "$4" "file://$pages/$2" >/dev/null; [ -s "$pages/$1.png" ] || wrong "no $1.png"; }
for page in run matrix; do
	printf '<!DOCTYPE html><style>body{margin:0}</style><iframe src="%s.html" style="border:0;width:390px;height:2400px"></iframe>' $page \
		>"$pages/$page-phone.html"
	shot $page-light $page.html 1200,2400 --blink-settings=preferredColorScheme=1
	shot $page-dark $page.html 1200,2400 --blink-settings=preferredColorScheme=0
	! cmp -s "$pages/$page-light.png" "$pages/$page-dark.png" || wrong "$page is not dark"
	shot $page-phone $page-phone.html 500,2400 --blink-settings=preferredColorScheme=1
done
rm -rf "$pages/profile" "$pages/escaped" "$pages/probe.html" "$pages/frame.html" "$pages"/*-phone.html
[ $status -eq 0 ] || tail -n 20 "$pages/log"
exit $status
