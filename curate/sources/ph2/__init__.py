"""PH2: dermoscopic pictures with a spreadsheet of marks."""
