# Nothing is installed with elevated rights yet.
