# Coverage of proto/ by its unit tests and the fuzzing corpora: `make coverage`. Included by the Makefile.

COVERAGE_BUILD := build/coverage
coverage_flags := -O0 -g --coverage -fprofile-abs-path # without optimizing, so that a branch is what the source says
coverage_tests := $(patsubst %.c,$(COVERAGE_BUILD)/%,$(wildcard proto/*_test.c))

.PHONY: coverage
coverage: ## coverage of proto/ by its tests and the corpora, as HTML; fails when a line or branch is missing
	$(Q).ci/deps build check coverage
	$(Q)rm -rf $(COVERAGE_BUILD) # counts of other sources would be added to these
	$(Q)$(MAKE) $(jobs) --no-print-directory BUILD=$(COVERAGE_BUILD) CC=gcc SAN= CFLAGS='$(coverage_flags)' \
		RAGEL=proto/coverage_ragel.sh \
		$(coverage_tests) fuzz-plain
	$(Q)BUILD=$(COVERAGE_BUILD) proto/coverage.sh
