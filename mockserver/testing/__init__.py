"""The sandbox inside a test: in process, or by the pytest fixture `kyc_mock`."""
