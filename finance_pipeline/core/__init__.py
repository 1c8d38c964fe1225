"""What every room shares and nothing else: money, periods, identity, problems, settings. Imports nothing of ours."""
