#!/bin/sh
# Copyright 2026 The authors of the Iperf protocol reference implementation
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
#
################################################################################
#
# Builds every target for OSS-Fuzz and ClusterFuzzLite: run in the project's folder, with their CC, CXX, CFLAGS,
# CXXFLAGS and LIB_FUZZING_ENGINE. In $OUT are then, for each fuzz/NAME_fuzz.c,
#
#   NAME_fuzz                   the program
#   NAME_fuzz_seed_corpus.zip   its corpus, and the findings of the past
#   NAME_fuzz.dict              its dictionary
#   NAME_fuzz.options           its longest input
#
# The programs run where nothing is installed. Therefore jansson and libpcap are built from the sources in $SRC and
# linked statically, with the same instrumentation, without which MemorySanitizer would see what is not there. If $SRC
# has none, those of the system are put beside the programs: enough to try this script (fuzz/oss_fuzz_check.sh).
set -eu
: "${CC:?is the C compiler}" "${CXX:?is the C++ compiler}" "${LIB_FUZZING_ENGINE:?is what links the engine}"
: "${SRC:?is the folder of sources}" "${WORK:?is for objects}" "${OUT:?is for programs}"
CFLAGS=${CFLAGS-} CXXFLAGS=${CXXFLAGS-} LDFLAGS=
jobs=${JOBS:-$(nproc)}
. fuzz/targets.sh

library() { # NAME OPTION...
	name=$1; shift
	# The last option is for a cmake that no longer knows the version for which the library was written.
	cmake -S "$SRC/$name" -B "$WORK/$name" -DCMAKE_INSTALL_PREFIX="$WORK/libraries" -DCMAKE_INSTALL_LIBDIR=lib \
		-DBUILD_SHARED_LIBS=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@"
	cmake --build "$WORK/$name" -j "$jobs"
	cmake --install "$WORK/$name"
}

if [ -d "$SRC/jansson" ] && [ -d "$SRC/libpcap" ]; then
	export CFLAGS CXXFLAGS # cmake takes them, and CC and CXX, from the environment
	library jansson -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF -DJANSSON_BUILD_DOCS=OFF
	# Only files are read: no devices, and nothing of the libraries that they take.
	library libpcap -DPCAP_TYPE=null -DDISABLE_DBUS=ON -DDISABLE_BLUETOOTH=ON -DDISABLE_USB=ON -DDISABLE_RDMA=ON \
		-DDISABLE_DPDK=ON
	export PKG_CONFIG_PATH="$WORK/libraries/lib/pkgconfig"
	CFLAGS="$CFLAGS -I$WORK/libraries/include"
else
	# The old form of the path holds for the libraries of libraries, too.
	LDFLAGS="-Wl,-rpath,'\$\$ORIGIN/lib' -Wl,--disable-new-dtags"
fi

# WARN is empty: a newer compiler's new warning is no reason not to fuzz.
make -j"$jobs" fuzz-given BUILD="$WORK/build" CC="$CC" CXX="$CXX" CFLAGS="$CFLAGS" CXXFLAGS="$CXXFLAGS" \
	LDFLAGS="$LDFLAGS" LIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" SAN= WARN=

beside() { # PROGRAM: copies the libraries that it takes and that are not the C library's, nor the compiler's
	ldd "$1" | awk '$3 ~ "^/" && $1 !~ /^(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+)\.so/ { print $3 }' |
	while read -r file; do
		[ -f "$OUT/lib/${file##*/}" ] || cp -L "$file" "$OUT/lib/"
	done
}
[ -z "$LDFLAGS" ] || mkdir -p "$OUT/lib"

for source in fuzz/*_fuzz.c; do
	target=$(basename "$source" .c) name=$(basename "$source" _fuzz.c)
	cp "$WORK/build/fuzz/given/$name" "$OUT/$target"
	rm -f "$OUT/${target}_seed_corpus.zip"
	find "fuzz/corpus/$name" "fuzz/findings/$name" -type f 2>/dev/null | LC_ALL=C sort |
		zip -q -j -X -@ "$OUT/${target}_seed_corpus.zip"
	cp "$(dictionary "$name")" "$OUT/$target.dict"
	printf '[libfuzzer]\nmax_len = %d\n' "$(longest "$name")" >"$OUT/$target.options"
	[ -z "$LDFLAGS" ] || beside "$OUT/$target"
done
