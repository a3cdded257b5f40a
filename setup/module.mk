# Pure, and so natively tested as launcher/core is; the rest is for Windows only.
SETUP_PURE := $(patsubst %,setup/%.c,codes filters plan)
